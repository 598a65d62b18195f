using MailBench.EndToEnd.Mta;
using MailBench.Testing.Tracing;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>
/// The durability class <c>synced</c>, proven by order (method: durability class): in a system-call trace of the MTA, each 250 after end of data is written after the sync of the file
/// that holds the message has returned, and after that of the directory in which the file was created. Here with sessions whose messages share syncs, and with a file that is
/// created under way; each message is followed by its content.
/// </summary>
public sealed class SyncOrderTests
{
    /// <summary>Fills more than one segment, so that a file is created in the middle of the load, too.</summary>
    private const int LargeMessages = 6, LargeBytes = 3 << 20;

    private const int SmallMessages = 20, Clients = 4;

    [Fact]
    public async Task Sync_of_file_and_directory_ends_before_the_250_is_written()
    {
        if (SystemCallTrace.WhyNot() is { } reason) Assert.Skip(reason);
        await using var bench = NodeBench.Start(save: false);
        var trace = Path.Combine(bench.Folder, "trace");
        bench.StartMta(trace: trace);
        var sent = (await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => SendAsync(bench, $"small{client}x", SmallMessages, 100)))).SelectMany(queued => queued).ToList();

        // While the sink is away nothing finishes, so that the full segment cannot be written again and another is created.
        await NodeBench.EndAsync(bench.Sink);
        sent.AddRange(await SendAsync(bench, "largex", LargeMessages, LargeBytes));
        sent.AddRange(await SendAsync(bench, "lastx", SmallMessages, 100));
        await NodeBench.EndAsync(bench.Mta, bySignal: false);

        var calls = SystemCallTrace.Parse(File.ReadLines(trace));
        var files = new HashSet<string>();
        foreach (var (id, marker) in sent) files.Add(CheckOrder(calls, id, marker));
        Assert.True(files.Count >= 2, $"the load was to fill more than one file, but filled {string.Join(", ", files)}");
    }

    /// <summary>Returns the file that holds the message.</summary>
    private static string CheckOrder(IReadOnlyList<SystemCall> calls, string id, string marker)
    {
        var reply = calls.Single(call => !call.Path.StartsWith('/') && call.Arguments.Contains($"queued as {id}\\r\\n", StringComparison.Ordinal));
        var written = calls.First(call => call.Path.StartsWith('/') && call.Result > 0 && call.Arguments.Contains(marker, StringComparison.Ordinal));
        Assert.True(IsSynced(calls, written.Path, written, reply), $"message {id}: {written.Path} was written at {written.EndSeconds:F6} and its 250 at {reply.StartSeconds:F6}, with no sync between");

        var created = calls.Single(call => call.Path == written.Path && call.Arguments.Contains("O_CREAT", StringComparison.Ordinal));
        var directory = Path.GetDirectoryName(written.Path)!;
        Assert.True(IsSynced(calls, directory, created, reply), $"message {id}: {written.Path} was created at {created.EndSeconds:F6} and its 250 written at {reply.StartSeconds:F6}, with no sync of {directory} between");
        return written.Path;
    }

    private static bool IsSynced(IReadOnlyList<SystemCall> calls, string path, SystemCall after, SystemCall before) =>
        calls.Any(call => call.Name is "fdatasync" or "fsync" && call.Path == path && call.Result == 0 && call.StartSeconds >= after.EndSeconds && call.EndSeconds <= before.StartSeconds);

    private static async Task<List<(string Id, string Marker)>> SendAsync(NodeBench bench, string name, int messages, int octets)
    {
        const string queued = "250 2.0.0 Ok: queued as ";
        var sent = new List<(string, string)>();
        var filler = string.Concat(Enumerable.Repeat(new string('x', 98) + "\r\n", octets / 100));
        using var client = await RawClient.GreetedAsync(bench.MtaEndPoint);
        for (var i = 0; i < messages; i++)
        {
            var marker = $"{name}{i}x";
            var reply = await client.TransactAsync("a@source.test", $"Subject: {marker}\r\n\r\n{filler}", "u0@d0.test", "u1@d1.test");
            Assert.StartsWith(queued, reply, StringComparison.Ordinal);
            sent.Add((reply[queued.Length..], marker));
        }

        return sent;
    }
}
