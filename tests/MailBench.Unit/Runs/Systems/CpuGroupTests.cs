using System.Diagnostics;
using MailBench.Model.Nodes;
using MailBench.Runs.Testbed.Systems;
using Xunit;

namespace MailBench.Unit.Runs.Systems;

public sealed class CpuGroupTests
{
    [Theory]
    [InlineData("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0", "0::/user.slice/one", "/sys/fs/cgroup/user.slice/one")]
    [InlineData("c /cg/cpu cgroup rw,cpu,cpuacct 0 0\nc /cg/memory cgroup rw,memory 0 0", "4:memory:/x\n2:cpu,cpuacct:/", "/cg/cpu/")]
    [InlineData("c /cg/cpu cgroup rw,cpuacct 0 0\nu /cg/unified cgroup2 rw 0 0", "2:cpuacct:/a\n0::/b", "/cg/unified/b /cg/cpu/a")]
    [InlineData("proc /proc proc rw 0 0", "", "")]
    public void The_runners_own_groups_are_found_by_mounts_and_membership(string mounts, string own, string parents) =>
        Assert.Equal(parents, string.Join(' ', CpuGroup.Parents(mounts, own)));

    [Fact]
    public async Task Cpu_of_a_process_that_is_nobodys_child_any_more_is_counted_where_the_tree_misses_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Control groups are made by root; CI is root.");
        if (CpuGroup.Create() is not { } group)
        {
            Assert.Skip("No control group can be made here: /sys/fs/cgroup is not mounted or not writable.");
            return;
        }

        Assert.Null(group.CpuNs);
        // The child of a child that has gone: no descendant of the shell's any more, and nobody's whom the shell waits for.
        const string burn = """echo 0 >"$0"; (sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done' &); read wait""";
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", burn, group.Door]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        try
        {
            Assert.Equal("done", await shell.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
            Assert.InRange(group.CpuNs!.Value, 30e6, 60e9);
            Assert.True(group.CpuNs > ProcessTree.Read(shell.Id)[CounterNames.CpuNs] + 20e6, $"{group.CpuNs} ns in the group, {ProcessTree.Read(shell.Id)[CounterNames.CpuNs]} in the tree");
        }
        finally
        {
            shell.StandardInput.Close();
            await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
            await group.RemoveAsync(TimeProvider.System);
        }

        Assert.False(File.Exists(group.Door));
    }
}
