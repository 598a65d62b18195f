using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using MailBench.EndToEnd.Proofs;
using MailBench.Testing;
using MailBench.Testing.Pop3;
using MailBench.Testing.Processes;
using MailBench.Testing.Smtp;
using MailBench.Testing.Tracing;
using Xunit;

namespace MailBench.EndToEnd.Mailbox;

/// <summary>
/// What the mailbox server has answered 250 to is there afterwards. A kill shows that the order of acknowledgement and of removal is right; that the disk had the octets shows only the
/// trace, since the page cache survives a killed process (method: durability class).
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class MailboxDurabilityTests(ITestOutputHelper output) : IDisposable
{
    private const int Deliverers = 4, Keepsakes = 300;

    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-durable-").FullName;

    private string Store => Path.Combine(_folder, "store");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Nothing_acknowledged_is_lost_by_a_kill_during_delivery_and_deletion(int seed)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs POSIX signals");
        var acknowledged = new ConcurrentBag<string>();
        await using (var server = Start(out var pop3, out var smtp))
        {
            using (var client = SmtpDialogue.Greet(smtp))
                for (var i = 0; i < Keepsakes; i++) Assert.StartsWith("250", Deliver(client, 9, $"keepsake-{i}"), StringComparison.Ordinal);
            var load = Enumerable.Range(0, Deliverers).Select(user => Task.Run(() => DeliverUntilCut(smtp, user, acknowledged))).Append(Task.Run(() => DeleteUntilCut(pop3))).ToArray();

            // A random number of acknowledgements, then at once.
            var goal = 50 + new Random(seed).Next(150);
            await NodeBench.EventuallyAsync(() => acknowledged.Count >= goal || load.All(task => task.IsCompleted), () => $"{acknowledged.Count} messages were acknowledged");
            server.Signal(9);
            Assert.Equal(128 + 9, (await server.WaitForEndAsync()).Code);
            await Task.WhenAll(load).WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        await using (var server = Start(out var pop3, out _))
        {
            var there = Enumerable.Range(0, Deliverers).SelectMany(user => Subjects(pop3, user)).ToList();
            output.WriteLine($"seed {seed}: {acknowledged.Count} acknowledged, {there.Count} there, {Subjects(pop3, 9).Count} of {Keepsakes} keepsakes left");
            Assert.True(acknowledged.Count >= 50);
            Assert.Equal([], acknowledged.Except(there).Take(10));
            Assert.Equal(there.Count, there.Distinct().Count());

            // Only the odd ones were ever marked as deleted.
            var kept = Subjects(pop3, 9);
            Assert.Equal([], Enumerable.Range(0, Keepsakes).Where(i => i % 2 == 0).Select(i => $"keepsake-{i}").Except(kept));
            Assert.Equal(kept.Count, kept.Distinct().Count());
        }
    }

    [Fact]
    public async Task File_and_directory_are_synced_before_the_250_is_written()
    {
        if (SystemCallTrace.WhyNot() is { } reason) Assert.Skip(reason);
        var trace = Path.Combine(_folder, "trace");
        await using (var server = MailbenchProcess.StartTraced(trace, "mailbox", "--pop3", "127.0.0.1:0", "--smtp", "127.0.0.1:0", "--store", Store, "--users", "10"))
        {
            server.ReadReady("pop3");
            using (var client = SmtpDialogue.Greet(server.ReadReady("smtp")))
                for (var i = 0; i < 10; i++) Assert.StartsWith("250", Deliver(client, i % 3, $"message-{i}"), StringComparison.Ordinal);

            // The terminal's signal would go to strace; the end of input is for nodes under control. So the program itself is told.
            foreach (var pid in ChildrenOf("mailbox", Store)) CliProcess.Signal(pid, "TERM");
            await server.WaitForEndAsync();
        }

        var calls = SystemCallTrace.Parse(File.ReadLines(trace));
        var replies = calls.Where(call => !call.Path.StartsWith('/') && call.Arguments.Contains("250 2.0.0 Stored", StringComparison.Ordinal)).ToList();
        Assert.Equal(10, replies.Count);
        var previous = 0.0;
        foreach (var reply in replies)
        {
            var renamed = calls.Single(call => call.Name.StartsWith("rename", StringComparison.Ordinal) && call.Arguments.Contains("/tmp/", StringComparison.Ordinal) && call.StartSeconds > previous && call.EndSeconds < reply.StartSeconds);
            var (from, to) = (Between(renamed.Arguments, 0), Between(renamed.Arguments, 1));
            Assert.Contains(calls, call => call.Name is "fsync" or "fdatasync" && call.Path == from && call.Result == 0 && call.EndSeconds <= renamed.StartSeconds);
            Assert.Contains(calls, call => call.Name == "fsync" && call.Path == Path.GetDirectoryName(to) && call.Result == 0 && call.StartSeconds >= renamed.EndSeconds && call.EndSeconds <= reply.StartSeconds);
            previous = reply.StartSeconds;
        }

        // The maildir itself is as durable as what is in it.
        foreach (var directory in (string[])[Store, Path.Combine(Store, "user0")]) Assert.Contains(calls, call => call.Name == "fsync" && call.Path == directory && call.EndSeconds <= replies[0].StartSeconds);
    }

    private MailbenchProcess Start(out IPEndPoint pop3, out IPEndPoint smtp)
    {
        var server = MailbenchProcess.Start("mailbox", "--pop3", "127.0.0.1:0", "--smtp", "127.0.0.1:0", "--store", Store, "--users", "10");
        pop3 = server.ReadReady("pop3");
        smtp = server.ReadReady("smtp");
        return server;
    }

    private static string Deliver(SmtpDialogue client, int user, string subject) => client.Transact("a@b.test", [$"user{user.ToString(CultureInfo.InvariantCulture)}@mail.test"], $"Subject: {subject}\r\n\r\nx\r\n");

    private static void DeliverUntilCut(IPEndPoint smtp, int user, ConcurrentBag<string> acknowledged)
    {
        try
        {
            using var client = SmtpDialogue.Greet(smtp);
            for (var i = 0; Deliver(client, user, $"m{user}-{i}") == "250 2.0.0 Stored"; i++) acknowledged.Add($"m{user}-{i}");
        }
        catch (IOException)
        {
            // The kill.
        }
    }

    /// <summary>Session after session marks two of the odd keepsakes and quits.</summary>
    private static void DeleteUntilCut(IPEndPoint pop3)
    {
        try
        {
            for (var i = 0; i < Keepsakes; i++)
            {
                using var client = Pop3Dialogue.Login(pop3, "user9");
                var count = client.Ask("UIDL").Count;
                for (var (message, marked) = (1, 0); message <= count && marked < 2; message++)
                {
                    var number = client.Ask($"TOP {message} 0").First(line => line.StartsWith("Subject: keepsake-", StringComparison.Ordinal))["Subject: keepsake-".Length..];
                    if (int.Parse(number, CultureInfo.InvariantCulture) % 2 == 0) continue;
                    client.Say($"DELE {message}");
                    marked++;
                }

                if (client.Say("QUIT").Length == 0) return;
            }
        }
        catch (Exception cut) when (cut is IOException or InvalidOperationException or System.Net.Sockets.SocketException)
        {
            // The kill.
        }
    }

    private static List<string> Subjects(IPEndPoint pop3, int user)
    {
        using var client = Pop3Dialogue.Login(pop3, $"user{user.ToString(CultureInfo.InvariantCulture)}");
        var count = client.Ask("LIST").Count;
        var subjects = Enumerable.Range(1, count).Select(message => client.Ask($"RETR {message}").First(line => line.StartsWith("Subject: ", StringComparison.Ordinal))[9..]).ToList();
        client.Say("RSET");
        client.Say("QUIT");
        return subjects;
    }

    private static IEnumerable<int> ChildrenOf(string command, string store) => Directory.EnumerateDirectories("/proc").Select(Path.GetFileName)
        .Where(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && CommandLine(pid) is var line && line.Contains(store, StringComparison.Ordinal) && line.Contains($"\0{command}\0", StringComparison.Ordinal)
            && !line.StartsWith("strace", StringComparison.Ordinal))
        .Select(name => int.Parse(name!, CultureInfo.InvariantCulture)).ToArray();

    private static string CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/cmdline");
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>The n-th quoted string of a call's arguments.</summary>
    private static string Between(string arguments, int n) => arguments.Split('"')[1 + 2 * n];
}
