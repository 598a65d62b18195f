using MailBench.Model.Options;
using MailBench.Mta.Attempts;
using MailBench.Mta.Delivery;
using MailBench.Mta.Queue;
using MailBench.Transport;
using Xunit;

namespace MailBench.Unit.Mta;

public class AttemptLogFileTests
{
    [Theory]
    [InlineData(AttemptLog.Off, 0)]
    [InlineData(AttemptLog.Failures, 2)]
    [InlineData(AttemptLog.All, 3)]
    public async Task Level_decides_what_is_kept(AttemptLog level, int expected)
    {
        using var folder = new Folder();
        await WriteAsync(folder.Log, level, log =>
        {
            log.Write(Outcome, AttemptVerdict.Delivered, 1);
            log.Write(Outcome, AttemptVerdict.Deferred, 1, TimeSpan.FromSeconds(5));
            log.Write(Outcome, AttemptVerdict.Failed, 2);
        });
        Assert.Equal(expected, File.Exists(folder.Log) ? (await File.ReadAllLinesAsync(folder.Log)).Length : 0);
        if (level == AttemptLog.Off) Assert.False(File.Exists(folder.Log));
    }

    [Fact]
    public async Task Files_are_bounded_and_the_last_lines_are_kept()
    {
        using var folder = new Folder();
        const int limit = 100_000;
        await WriteAsync(folder.Log, AttemptLog.All, log =>
        {
            for (var i = 1; i <= 5000; i++) log.Write(Outcome, AttemptVerdict.Failed, i);
        }, limit);
        Assert.Equal(["attempts.log", "attempts.log.1"], Directory.GetFiles(folder.Path).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
        Assert.All(Directory.GetFiles(folder.Path), path => Assert.InRange(new FileInfo(path).Length, 1, limit + 20_000));
        Assert.Contains(" attempt=5000 ", await File.ReadAllTextAsync(folder.Log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_are_appended_to_a_log_that_is_there()
    {
        using var folder = new Folder();
        for (var i = 0; i < 2; i++) await WriteAsync(folder.Log, AttemptLog.Failures, log => log.Write(Outcome, AttemptVerdict.Failed, 1));
        Assert.Equal(2, (await File.ReadAllLinesAsync(folder.Log)).Length);
    }

    [Fact]
    public async Task Who_writes_to_whom_is_not_for_everybody()
    {
        using var folder = new Folder();
        await WriteAsync(folder.Log, AttemptLog.All, log => log.Write(Outcome, AttemptVerdict.Delivered, 1));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(folder.Log) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.GroupWrite));
    }

    private static async Task WriteAsync(string path, AttemptLog level, Action<AttemptLogFile> write, long maxFileBytes = AttemptLogFile.MaxFileBytes)
    {
        using var loop = EventLoop.Start(new EventLoopOptions("test"));
        var written = loop.RunAsync(() =>
        {
            var log = new AttemptLogFile(loop, path, level, TimeProvider.System, Assert.Fail, maxFileBytes);
            write(log);
            log.Flush();
            return log;
        });
        await (await written.WaitAsync(TimeSpan.FromSeconds(30))).DisposeAsync();
    }

    private static DeliveryOutcome Outcome { get; } = new()
    {
        Entry = new QueueEntry { Id = new QueueId(71), ReversePath = [], Recipients = [new RecipientEntry("u1@d0.test"u8.ToArray())], ContentBytes = 1, AcceptedUnixMs = 0 },
        Recipient = 0,
        Kind = OutcomeKind.Failed,
    };

    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("mailbench-log-").FullName;
        public string Log => System.IO.Path.Combine(Path, "attempts.log");

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
