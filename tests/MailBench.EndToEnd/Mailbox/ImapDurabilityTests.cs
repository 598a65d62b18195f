using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using MailBench.EndToEnd.Proofs;
using MailBench.Testing;
using MailBench.Testing.Imap;
using MailBench.Testing.Processes;
using MailBench.Testing.Tracing;
using Xunit;

namespace MailBench.EndToEnd.Mailbox;

/// <summary>
/// What the mailbox server has answered OK to over IMAP is so afterwards: a kill shows that the order of acknowledgement is right, a trace of system calls that the disk had the octets (the page cache survives
/// a killed process), a full disk that a refusal leaves nothing.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed partial class ImapDurabilityTests(ITestOutputHelper output) : IDisposable
{
    private const int Appenders = 4, Flagged = 8, Expunged = 9, Keepsakes = 300;

    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-imap-durable-").FullName;

    private string Store => Path.Combine(_folder, "store");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Nothing_acknowledged_is_lost_by_a_kill_during_append_store_and_expunge(int seed)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs POSIX signals");
        ConcurrentDictionary<string, uint> appended = new();
        ConcurrentBag<int> flagged = [], expunged = [];
        await using (var server = Start(out var imap))
        {
            foreach (var user in (int[])[Flagged, Expunged])
            {
                using var client = ImapDialogue.Login(imap, $"user{user}", "INBOX");
                for (var i = 0; i < Keepsakes; i++) Assert.StartsWith("OK", client.Append("INBOX", Message($"keepsake-{i}"))[^1], StringComparison.Ordinal);
            }

            var load = Enumerable.Range(0, Appenders).Select(user => UntilCut(() => Append(imap, user, appended)))
                .Append(UntilCut(() => Flag(imap, flagged))).Append(UntilCut(() => Expunge(imap, expunged))).ToArray();

            // A random number of acknowledgements, then at once.
            var goal = 10 + new Random(seed).Next(80);
            await NodeBench.EventuallyAsync(() => (appended.Count >= goal && flagged.Count >= 5 && expunged.Count >= 2) || load.All(task => task.IsCompleted), () => $"{appended.Count} appended, {flagged.Count} flagged, {expunged.Count} expunged");
            server.Signal(9);
            Assert.Equal(128 + 9, (await server.WaitForEndAsync()).Code);
            await Task.WhenAll(load).WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        await using (var server = Start(out var imap))
        {
            var there = Enumerable.Range(0, Appenders).SelectMany(user => Read(imap, user)).ToList();
            output.WriteLine($"seed {seed}: {appended.Count} appended, {there.Count} there; {flagged.Count} flagged, {expunged.Count} expunged");
            Assert.True(appended.Count >= 10 && !flagged.IsEmpty && !expunged.IsEmpty);

            // Each that was acknowledged is there once, whole, under the UID that was told; of what was not, at most one for each who appended.
            Assert.All(there, message => Assert.Equal(Message(message.Subject), message.Content));
            var uids = there.ToDictionary(message => message.Subject, message => message.Uid);
            Assert.Equal(there.Count, uids.Count);
            Assert.Equal([], appended.Where(message => uids.GetValueOrDefault(message.Key) != message.Value).Take(10));
            Assert.InRange(there.Count, appended.Count, appended.Count + Appenders);

            var kept = Read(imap, Flagged);
            Assert.Equal(Keepsakes, kept.Count);
            var marked = kept.Where(message => message.Flags.Contains("\\Flagged", StringComparison.Ordinal)).Select(message => message.Number).ToHashSet();
            Assert.Equal([], flagged.Except(marked));
            Assert.InRange(marked.Count, flagged.Count, flagged.Count + 1);

            // Only odd ones were ever marked as deleted.
            var left = Read(imap, Expunged).Select(message => message.Number).ToHashSet();
            Assert.Equal([], Enumerable.Range(0, Keepsakes).Where(i => i % 2 == 0).Except(left));
            Assert.Equal([], expunged.Intersect(left));
        }
    }

    [Fact]
    public async Task File_folder_and_uids_are_synced_before_appends_ok_is_written()
    {
        if (SystemCallTrace.WhyNot() is { } reason) Assert.Skip(reason);
        var trace = Path.Combine(_folder, "trace");
        await using (var server = MailbenchProcess.StartTraced(trace, "mailbox", "--imap", "127.0.0.1:0", "--store", Store, "--users", "10", "--control"))
        {
            using (var client = ImapDialogue.Login(server.ReadReady("imap"), "user1"))
                for (var i = 0; i < 8; i++) Assert.StartsWith("OK [APPENDUID ", client.Append("INBOX", Message($"m{i}"), i % 2 == 0 ? "" : "(\\Seen) ")[^1], StringComparison.Ordinal);
            server.CloseInput();
            await server.WaitForEndAsync();
        }

        var calls = SystemCallTrace.Parse(File.ReadLines(trace));
        var replies = calls.Where(call => !call.Path.StartsWith('/') && call.Arguments.Contains("[APPENDUID ", StringComparison.Ordinal)).ToList();
        Assert.Equal(8, replies.Count);
        var previous = 0.0;
        foreach (var reply in replies)
        {
            var renamed = calls.Single(call => call.Name.StartsWith("rename", StringComparison.Ordinal) && call.Arguments.Contains("/user1/tmp/", StringComparison.Ordinal) && call.StartSeconds > previous && call.EndSeconds < reply.StartSeconds);
            var (from, to) = (renamed.Arguments.Split('"')[1], renamed.Arguments.Split('"')[3]);
            Assert.Contains(calls, call => call.Name is "fsync" or "fdatasync" && call.Path == from && call.Result == 0 && call.EndSeconds <= renamed.StartSeconds);
            Assert.Contains(calls, call => call.Name == "fsync" && call.Path == Path.GetDirectoryName(to) && call.Result == 0 && call.StartSeconds >= renamed.EndSeconds && call.EndSeconds <= reply.StartSeconds);
            previous = reply.StartSeconds;
        }

        // The UIDs that are told are reserved on disk before the first of them is.
        Assert.Contains(calls, call => call.Name is "fsync" or "fdatasync" && call.Path.Contains("mailbench-uids", StringComparison.Ordinal) && call.Result == 0 && call.EndSeconds <= replies[0].StartSeconds);
    }

    [Fact]
    public async Task A_full_disk_is_a_clear_no_to_append_and_leaves_nothing()
    {
        using var disk = SmallDisk.Mount(Path.Combine(_folder, "disk"));
        await using var server = MailbenchProcess.Start("mailbox", "--imap", "127.0.0.1:0", "--store", Path.Combine(disk.Path, "store"), "--users", "10");
        var imap = server.ReadReady("imap");
        using var client = ImapDialogue.Login(imap, "user1", "INBOX");
        var content = Message("fill", 100_000);
        var stored = 0;
        var answer = client.Append("INBOX", content)[^1];
        for (; answer.StartsWith("OK", StringComparison.Ordinal) && stored < 1000; stored++) answer = client.Append("INBOX", content)[^1];
        Assert.Equal("NO [OVERQUOTA] the disk is full", answer);
        Assert.InRange(stored, 20, 200);

        // To the last page: then not even a small one, and whatever is said of it is true.
        disk.Stuff();
        var small = client.Append("INBOX", Message("small"))[^1];
        if (small.StartsWith("OK", StringComparison.Ordinal)) stored++;
        else Assert.Equal("NO [OVERQUOTA] the disk is full", small);

        // A user can make room, which needs none.
        client.Ok("STORE 1:2 +FLAGS.SILENT (\\Deleted)");
        client.Ok("EXPUNGE");
        Assert.StartsWith("OK", client.Append("INBOX", Message("later"))[^1], StringComparison.Ordinal);
        using var other = ImapDialogue.Login(imap, "user1");
        Assert.Contains($"* {stored - 1} EXISTS", other.Ok("SELECT INBOX"));
        Assert.Empty(Directory.GetFiles(Path.Combine(disk.Path, "store", "user1", "tmp")));
    }

    private MailbenchProcess Start(out IPEndPoint imap)
    {
        var server = MailbenchProcess.Start("mailbox", "--imap", "127.0.0.1:0", "--store", Store, "--users", "10");
        imap = server.ReadReady("imap");
        return server;
    }

    private static string Message(string subject, int octets = 3000) => $"Subject: {subject}\r\n\r\n{string.Concat(Enumerable.Repeat($"{subject} is here whole, line by line\r\n", octets / (subject.Length + 33)))}end\r\n";

    private static Task UntilCut(Action load) => Task.Run(() =>
    {
        try
        {
            load();
        }
        catch (Exception cut) when (cut is IOException or SocketException or InvalidOperationException)
        {
            // The kill.
        }
    });

    private static void Append(IPEndPoint imap, int user, ConcurrentDictionary<string, uint> appended)
    {
        using var client = ImapDialogue.Login(imap, $"user{user}");
        for (var i = 0; i < 100_000; i++)
        {
            var answer = AppendUid().Match(client.Append("INBOX", Message($"m{user}-{i}"))[^1]);
            if (!answer.Success) return;
            appended[$"m{user}-{i}"] = uint.Parse(answer.Groups[1].Value, CultureInfo.InvariantCulture);
        }
    }

    private static void Flag(IPEndPoint imap, ConcurrentBag<int> flagged)
    {
        using var client = ImapDialogue.Login(imap, $"user{Flagged}", "INBOX");
        for (var i = 0; i < Keepsakes && client.Ask($"STORE {i + 1} +FLAGS.SILENT (\\Flagged)")[^1] == "OK stored"; i++) flagged.Add(i);
    }

    private static void Expunge(IPEndPoint imap, ConcurrentBag<int> expunged)
    {
        using var client = ImapDialogue.Login(imap, $"user{Expunged}", "INBOX");
        for (var i = 1; i < Keepsakes; i += 2)
        {
            client.Ok($"UID STORE {i + 1} +FLAGS.SILENT (\\Deleted)");
            if (client.Ask($"UID EXPUNGE {i + 1}")[^1] != "OK expunged") return;
            expunged.Add(i);
        }
    }

    private static List<(string Subject, int Number, uint Uid, string Flags, string Content)> Read(IPEndPoint imap, int user)
    {
        using var client = ImapDialogue.Login(imap, $"user{user}", "INBOX");
        return
        [
            .. client.Ok("UID FETCH 1:* (UID FLAGS BODY.PEEK[])").Select(line => Fetched().Match(line)).Select(match =>
            {
                Assert.True(match.Success);
                var subject = match.Groups["subject"].Value;
                return (subject, int.Parse(subject.Split('-')[1], CultureInfo.InvariantCulture), uint.Parse(match.Groups["uid"].Value, CultureInfo.InvariantCulture), match.Groups["flags"].Value, match.Groups["content"].Value);
            }),
        ];
    }

    [GeneratedRegex("^OK \\[APPENDUID [0-9]+ ([0-9]+)\\] ")]
    private static partial Regex AppendUid();

    [GeneratedRegex("^\\* [0-9]+ FETCH \\(UID (?<uid>[0-9]+) FLAGS \\((?<flags>[^)]*)\\) BODY\\[\\] \\{[0-9]+\\}\r\n(?<content>Subject: (?<subject>[^\r]+)\r\n.*)\\)$", RegexOptions.Singleline)]
    private static partial Regex Fetched();
}
