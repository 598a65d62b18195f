using System.Collections.Concurrent;
using System.Net;
using System.Text;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Mta.Queue;
using MailBench.Testing.Processes;
using MailBench.Testing.Tracing;
using Xunit;

namespace MailBench.EndToEnd.Mta;

/// <summary>The program's 250 is kept: by a trace of its system calls, and across a kill. Nobody answers its DNS questions, so what it takes stays queued.</summary>
public sealed class DurabilityTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("mailbench-durability-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(QueueBackend.Segments, ".seg")]
    [InlineData(QueueBackend.Files, ".tmp")]
    public async Task Syncs_the_file_and_its_directory_before_the_250_is_written(QueueBackend backend, string suffix)
    {
        if (SystemCallTrace.WhyNot() is { } reason) Assert.Skip(reason);
        const int messages = 5;
        var trace = Path.Combine(_root, "trace");
        await using (var mta = MailbenchProcess.StartTraced(trace, [.. Arguments(backend), "--control"]))
        {
            using var client = await RawClient.GreetedAsync(mta.ReadReady("mta"));
            for (var i = 0; i < messages; i++)
                Assert.StartsWith("250 2.0.0", await client.TransactAsync("s@source.test", "Subject: x\r\n\r\n" + Body(6000), $"r{i}@d.test"), StringComparison.Ordinal);
            mta.CloseInput();
            Assert.Equal(0, (await mta.WaitForEndAsync()).Code);
        }

        var violations = CommitOrder.Violations(
            SystemCallTrace.Parse(File.ReadLines(trace)),
            path => path.StartsWith(_root, StringComparison.Ordinal) && path.EndsWith(suffix, StringComparison.Ordinal),
            5000,
            call => !call.Path.StartsWith('/') && call.Arguments.Contains("\"250 2.0.0", StringComparison.Ordinal),
            out var replies);
        Assert.Equal(messages, replies);
        Assert.Empty(violations);
    }

    [Theory]
    [InlineData(QueueBackend.Segments)]
    [InlineData(QueueBackend.Files)]
    public async Task Loses_nothing_acknowledged_when_it_is_killed_under_load(QueueBackend backend)
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("SIGKILL is sent on Unix only.");
        var acknowledged = new ConcurrentDictionary<string, string>();
        for (var life = 0; life < 3; life++)
        {
            await using var mta = MailbenchProcess.Start(Arguments(backend));
            var endPoint = mta.ReadReady("mta");
            var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var clients = Enumerable.Range(0, 8).Select(client => SendAsync(endPoint, $"{life}-{client}", acknowledged, 150 * (life + 1), enough)).ToArray();
            await enough.Task.WaitAsync(TimeSpan.FromSeconds(60));
            mta.Signal(9);
            await mta.WaitForEndAsync();
            await Task.WhenAll(clients);
        }

        var found = new Dictionary<string, string>();
        foreach (var directory in Directories())
        {
            using var queue = QueueInspection.Read(directory);
            Assert.Empty(queue.Damages);
            foreach (var entry in queue.Entries)
                found.Add(Encoding.ASCII.GetString(entry.Recipients[0].Address), Encoding.Latin1.GetString(QueueInspection.ReadHeaderSection(entry, 1 << 20)));
        }

        Assert.True(acknowledged.Count >= 450);
        foreach (var (recipient, subject) in acknowledged)
            Assert.True(found.TryGetValue(recipient, out var header) && header.Contains(subject, StringComparison.Ordinal), $"{recipient} was acknowledged and is lost");
    }

    /// <summary>Message after message on one session, until the session breaks.</summary>
    private static async Task SendAsync(IPEndPoint endPoint, string name, ConcurrentDictionary<string, string> acknowledged, int goal, TaskCompletionSource enough)
    {
        try
        {
            using var client = await RawClient.GreetedAsync(endPoint);
            for (var i = 0; i < 100_000; i++)
            {
                var recipient = $"{name}-{i}@d.test";
                var subject = $"Subject: {name} {i}\r\n";
                var reply = await client.TransactAsync("s@source.test", subject + "\r\n" + Body(i % 20 * 500), recipient);
                if (reply.Length == 0) return;
                Assert.StartsWith("250 2.0.0", reply, StringComparison.Ordinal);
                acknowledged[recipient] = subject;
                if (acknowledged.Count >= goal) enough.TrySetResult();
            }
        }
        catch (IOException)
        {
            // Its peer was killed: as planned.
        }
    }

    private string[] Directories() => [Path.Combine(_root, "a"), Path.Combine(_root, "b")];

    private string[] Arguments(QueueBackend backend)
    {
        var config = Path.Combine(_root, "mta.yaml");
        File.WriteAllText(config, $"queueBackend: {Kebab.Format(backend)}\n");
        return [.. Node(), "--config", config];
    }

    private string[] Node() =>
    [
        "mta", "--listen", "127.0.0.1:0", "--queue", string.Join(',', Directories()), "--dns", "127.0.0.1:1", "--smtp-port", "1", "--relay-from", "127.0.0.0/8", "--hostname", "mta.test",
        "--attempt-log", Path.Combine(_root, "attempts.log"),
    ];

    private static string Body(int octets) => string.Concat(Enumerable.Repeat("0123456789abcdef0123456789abcdef0123456789abcdef01234567890ab\r\n", octets / 64));
}
