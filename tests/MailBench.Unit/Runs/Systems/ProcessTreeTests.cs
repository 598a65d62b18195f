using System.Diagnostics;
using MailBench.Model.Nodes;
using MailBench.Runs.Testbed.Systems;
using Xunit;

namespace MailBench.Unit.Runs.Systems;

public class ProcessTreeTests
{
    [Fact]
    public void A_line_of_stat_is_read_whatever_the_programs_name()
    {
        Assert.True(ProcessUse.TryParse("42 (smtp) 1 (x) S 7 42 42 0 -1 4194560 100 200 0 0 11 22 33 44 20 0 1 0 1000 5 6", out var use));
        Assert.Equal(new ProcessUse(42, 7, 33, 77), use);
        Assert.False(ProcessUse.TryParse("42 (smtp", out _));
        Assert.False(ProcessUse.TryParse("42 (smtp) S 7 42", out _));
        Assert.False(ProcessUse.TryParse("", out _));
    }

    [Fact]
    public void Members_are_the_root_and_all_below_it_and_nobody_else()
    {
        ProcessUse[] all = [new(1, 0, 1, 0), new(10, 1, 1, 0), new(11, 10, 1, 0), new(12, 11, 1, 0), new(13, 10, 1, 0), new(20, 1, 1, 0)];
        Assert.Equal([10, 11, 12, 13], ProcessTree.Members(all, 10).Select(process => process.Pid).Order());
        Assert.Empty(ProcessTree.Members(all, 99));
    }

    [Fact]
    public void Work_of_children_that_have_come_and_gone_is_counted()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /proc");
        // The shell's child burns some CPU, writes 1 MiB through to the device, and is gone before we look; the shell itself waits for us.
        var file = Path.GetTempFileName();
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'; dd if=/dev/zero of=\"$0\" bs=64k count=16 conv=fsync 2>/dev/null; echo done; read wait", file])
        { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        try
        {
            Assert.Equal("done", shell.StandardOutput.ReadLine());
            var counters = ProcessTree.Read(shell.Id);
            Assert.InRange(counters[CounterNames.CpuNs], 10e6, 60e9);
            Assert.True(counters[CounterNames.ResidentBytes] > 0);
            // Where /proc/PID/io may not be read, or /tmp is memory, nothing is said to be written.
            if (counters[CounterNames.QueueBytesWritten] > 0) Assert.True(counters[CounterNames.QueueBytesWritten] >= 1 << 20, $"{counters[CounterNames.QueueBytesWritten]}");
        }
        finally
        {
            shell.StandardInput.Close();
            shell.WaitForExit();
            File.Delete(file);
        }
    }
}
