using System.Diagnostics;
using MailBench.Testing.Tracing;
using Xunit;

namespace MailBench.Unit.Mta.Queue;

public sealed class CommitOrderTests
{
    private const string Good = """
        100 10.000000 openat(AT_FDCWD</>, "/q/0000000001.seg", O_RDWR|O_CREAT|O_EXCL|O_CLOEXEC, 0600) = 7</q/0000000001.seg> <0.000100>
        100 10.100000 pwrite64(7</q/0000000001.seg>, "MBQUEUE"..., 4096, 0) = 4096 <0.000100>
        100 10.200000 fdatasync(7</q/0000000001.seg>) = 0 <0.001000>
        100 10.300000 fsync(8</q>) = 0 <0.001000>
        101 11.000000 pwrite64(7</q/0000000001.seg>, "MBR1) = 5 <"..., 8192, 4096 <unfinished ...>
        102 11.000050 sendto(12<TCP:[127.0.0.1:25->127.0.0.1:4]>, "354 go\r\n", 8, MSG_NOSIGNAL, NULL, 0) = 8 <0.000010>
        101 11.000100 <... pwrite64 resumed>) = 8192 <0.000100>
        101 11.001000 fdatasync(7</q/0000000001.seg> <unfinished ...>
        102 11.001500 --- SIGCHLD {si_signo=SIGCHLD} ---
        101 11.002000 <... fdatasync resumed>) = 0 <0.001000>
        102 11.003000 sendto(12<TCP:[127.0.0.1:25->127.0.0.1:4]>, "250 2.0.0 Ok: queued as 1\r\n", 27, MSG_NOSIGNAL, NULL, 0) = 27 <0.000010>
        """;

    [Fact]
    public void Accepts_a_reply_behind_write_sync_and_directory_sync()
    {
        Assert.Empty(Violations(Good, out var replies));
        Assert.Equal(1, replies);
    }

    [Theory]
    [InlineData("101 11.002000 <... fdatasync resumed>) = 0 <0.001000>", "101 11.004000 <... fdatasync resumed>) = 0 <0.003000>", "was not synced")]
    [InlineData("101 11.002000 <... fdatasync resumed>) = 0 <0.001000>", "101 11.002000 <... fdatasync resumed>) = -1 EIO (Input/output error) <0.001000>", "was not synced")]
    [InlineData("fsync(8</q>)", "fsync(8</r>)", "the directory")]
    [InlineData("101 11.000100 <... pwrite64 resumed>) = 8192 <0.000100>", "101 11.001100 <... pwrite64 resumed>) = 8192 <0.001100>", "was not synced")]
    [InlineData("/q/", "/elsewhere/", "no message was written")]
    public void Finds_a_reply_before_its_sync(string good, string bad, string violation) =>
        Assert.Contains(Violations(Good.Replace(good, bad, StringComparison.Ordinal), out _), found => found.Contains(violation, StringComparison.Ordinal));

    [Fact]
    public void Reads_a_real_trace()
    {
        if (SystemCallTrace.WhyNot() is { } reason) Assert.Skip(reason);
        var root = Directory.CreateTempSubdirectory("mailbench-trace-").FullName;
        try
        {
            var target = Path.Combine(root, "written");
            var command = SystemCallTrace.Command(Path.Combine(root, "trace"), "dd", "if=/dev/zero", "of=" + target, "bs=4096", "count=2", "conv=fdatasync");
            using var traced = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardError = true })!;
            traced.StandardError.ReadToEnd();
            Assert.True(traced.WaitForExit(TimeSpan.FromSeconds(60)));
            var calls = SystemCallTrace.Parse(File.ReadLines(Path.Combine(root, "trace")));
            Assert.Equal(2, calls.Count(call => call.Name == "write" && call.Path == target && call.Result == 4096));
            var sync = Assert.Single(calls, call => call.Name == "fdatasync");
            Assert.Equal(target, sync.Path);
            Assert.True(sync.EndSeconds > sync.StartSeconds, sync.ToString());
            Assert.Contains(calls, call => call.Name == "openat" && call.Path == target && call.Arguments.Contains("O_CREAT", StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static IReadOnlyList<string> Violations(string trace, out int replies) =>
        CommitOrder.Violations(SystemCallTrace.Parse(trace.ReplaceLineEndings("\n").Split('\n')), path => path.StartsWith("/q/", StringComparison.Ordinal), 8000, call => call.Arguments.Contains("\"250 2.0.0", StringComparison.Ordinal), out replies);
}
