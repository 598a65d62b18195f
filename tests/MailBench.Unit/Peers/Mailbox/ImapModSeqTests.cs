using System.Globalization;
using System.Text.RegularExpressions;
using CsCheck;
using MailBench.Testing.Imap;
using Xunit;

namespace MailBench.Unit.Peers.Mailbox;

/// <summary>Mod-sequences (RFC 7162): a client that keeps the greatest one it was told, and later asks for what has changed since, misses nothing, whoever changed it and whatever became of the server meanwhile.</summary>
public sealed partial class ImapModSeqTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-modseq-").FullName;

    private string UidFile => Path.Combine(_folder, "user0", "mailbench-uids");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Changes_are_numbered_told_and_found_by_their_number()
    {
        await using var rig = await StartAsync(3);
        using var one = ImapDialogue.Login(rig.Imap, "user0");
        var before = Highest(one.Ok("SELECT INBOX (CONDSTORE)"));
        Assert.Equal([$"* STATUS INBOX (HIGHESTMODSEQ {before})"], one.Ok("STATUS INBOX (HIGHESTMODSEQ)"));
        Assert.All(one.Ok("FETCH 1:3 MODSEQ"), line => Assert.InRange(ModSeqOf(line), 1, before));
        var stored = one.Ok("STORE 2 +FLAGS (\\Flagged)");
        var flagged = ModSeqOf(Assert.Single(stored));
        Assert.True(flagged > before);
        Assert.Equal($"* 2 FETCH (UID 2 FLAGS (\\Flagged) MODSEQ ({flagged}))", stored[0]);
        Assert.Equal([$"* 2 FETCH (UID 2 FLAGS (\\Flagged) MODSEQ ({flagged}))"], one.Ok($"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {before})"));
        Assert.Empty(one.Ok($"FETCH 1:* FLAGS (CHANGEDSINCE {flagged})"));
        Assert.Equal([$"* SEARCH 2 (MODSEQ {flagged})"], one.Ok($"SEARCH MODSEQ {flagged}"));
        Assert.Equal(["* SEARCH"], one.Ok($"SEARCH MODSEQ {flagged + 1}"));
        Assert.Matches($"^\\* ESEARCH \\(TAG \"t[0-9]+\"\\) UID COUNT 3 MODSEQ {flagged}$", Assert.Single(one.Ok("UID SEARCH RETURN (COUNT) MODSEQ 1")));
        Assert.Matches($"^\\* ESEARCH \\(TAG \"t[0-9]+\"\\) MIN 1 MODSEQ {before}$", Assert.Single(one.Ok("SEARCH RETURN (MIN) MODSEQ 1")));

        // Without a change there is no new number; told in silence is the number alone.
        Assert.Equal([$"* 2 FETCH (UID 2 MODSEQ ({flagged}))"], one.Ok("STORE 2 +FLAGS.SILENT (\\Flagged)"));
        var arrived = await DeliveredAsync(rig, one);
        Assert.True(arrived > flagged);
        Assert.Equal(arrived, Highest(one.Ok("SELECT INBOX")));
    }

    [Fact]
    public async Task A_client_that_asked_for_no_mod_sequences_is_told_none_but_in_select()
    {
        await using var rig = await StartAsync(2);
        using var plain = ImapDialogue.Login(rig.Imap, "user0", "INBOX");
        Assert.Equal(["* 1 FETCH (UID 1 FLAGS (\\Seen))"], plain.Ok("STORE 1 +FLAGS (\\Seen)"));
        Assert.Equal(["* ENABLED CONDSTORE"], plain.Ok("ENABLE CONDSTORE"));
        Assert.Contains(" MODSEQ (", Assert.Single(plain.Ok("STORE 1 -FLAGS (\\Seen)")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_two_sessions_that_change_a_message_conditionally_the_later_is_told_so()
    {
        await using var rig = await StartAsync(3);
        using var one = ImapDialogue.Login(rig.Imap, "user0");
        using var two = ImapDialogue.Login(rig.Imap, "user0");
        var seen = Highest(one.Ok("SELECT INBOX (CONDSTORE)"));
        Assert.Equal(seen, Highest(two.Ok("SELECT INBOX (CONDSTORE)")));
        Assert.Equal("OK stored", one.Ask($"UID STORE 2 (UNCHANGEDSINCE {seen}) +FLAGS.SILENT (\\Flagged)")[^1]);

        // The other client hears with its refusal what it did not know.
        var refused = two.Ask($"STORE 1:3 (UNCHANGEDSINCE {seen}) +FLAGS (\\Deleted)");
        Assert.Equal("OK [MODIFIED 2] changed meanwhile", refused[^1]);
        Assert.Equal(["1 (\\Deleted)", "3 (\\Deleted)", "2 (\\Flagged)"], refused.SkipLast(1).Select(static line => FlagsLine().Match(line)).Select(static match => $"{match.Groups[1].Value} {match.Groups[2].Value}"));
        Assert.Equal("OK [MODIFIED 1:3] changed meanwhile", one.Ask("UID STORE 1:3 (UNCHANGEDSINCE 0) -FLAGS (\\Flagged)")[^1]);
        Assert.Equal(["F", "T", "T"], Directory.GetFiles(Path.Combine(_folder, "user0", "cur")).Select(static file => file[^1..]).Order());
    }

    [Fact]
    public async Task Many_sessions_that_count_up_by_conditional_stores_never_both_win()
    {
        await using var rig = await StartAsync(1);
        var imap = rig.Imap;
        var won = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            using var client = ImapDialogue.Login(imap, "user0", "INBOX (CONDSTORE)");
            var wins = new List<long>();
            for (var round = 0; round < 40; round++)
            {
                // What is stored is always another state than the one that was seen.
                var seen = client.Ok("UID FETCH 1 (FLAGS MODSEQ)")[0];
                var sign = seen.Contains("\\Flagged", StringComparison.Ordinal) ? '-' : '+';
                var answer = client.Ask($"UID STORE 1 (UNCHANGEDSINCE {ModSeqOf(seen)}) {sign}FLAGS (\\Flagged)")[^1];
                if (answer == "OK stored") wins.Add(ModSeqOf(seen));
                else Assert.Equal("OK [MODIFIED 1] changed meanwhile", answer);
            }

            return wins;
        }, TestContext.Current.CancellationToken)));
        var all = won.SelectMany(static wins => wins).ToList();
        Assert.NotEmpty(all);
        Assert.Equal(all.Count, all.Distinct().Count());
    }

    /// <summary>
    /// Random lives of a mailbox: changed by sessions and by another program (files renamed), the server started again and again, within a boot, after another, with the list's end torn off. At every step the client asks
    /// for what has changed since the greatest mod-sequence it knows, and must then know all flags.
    /// </summary>
    [Fact]
    public async Task A_client_that_asks_for_what_changed_misses_nothing_whatever_happens()
    {
        const int Messages = 4;
        await using (var first = await StartAsync(Messages))
        {
            // The first look gives UIDs and writes them down.
            using var client = ImapDialogue.Login(first.Imap, "user0", "INBOX");
        }

        await Gen.Select(Gen.Int[0, 6], Gen.Int[1, Messages], Gen.Int[0, 3]).Array[1, 8].SampleAsync(async steps =>
        {
            var known = new Dictionary<int, string>();
            var highest = 0L;
            MailboxRig? rig = await StartAsync(0);
            try
            {
                foreach (var (kind, message, flag) in steps)
                {
                    switch (kind)
                    {
                        case 0 or 1: Change(rig, message, flag); break;
                        case 2: Rename(message, flag); break;
                        default:
                            await rig.DisposeAsync();
                            rig = null;
                            var lines = await File.ReadAllLinesAsync(UidFile);
                            if (kind == 4) Rename(message, flag);
                            if (kind == 5) await File.WriteAllTextAsync(UidFile, Rebooted(lines[..^Math.Min(lines.Length - Messages - 2, flag)]));
                            if (kind == 6) await File.WriteAllTextAsync(UidFile, (await File.ReadAllTextAsync(UidFile))[..^1]);
                            rig = await StartAsync(0);
                            break;
                    }

                    using var client = ImapDialogue.Login(rig.Imap, "user0");
                    var now = Highest(client.Ok("SELECT INBOX (CONDSTORE)"));
                    Assert.True(now >= highest, $"{now} after {highest}");
                    foreach (var line in client.Ok($"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {highest})")) Learn(line, known);
                    highest = now;
                    var truth = new Dictionary<int, string>();
                    foreach (var line in client.Ok("UID FETCH 1:* (FLAGS)")) Learn(line, truth);
                    Assert.Equal(truth.OrderBy(static one => one.Key), known.OrderBy(static one => one.Key));
                }
            }
            finally
            {
                if (rig is not null) await rig.DisposeAsync();
            }
        }, iter: 25, threads: 1);

        static void Learn(string line, Dictionary<int, string> into)
        {
            var match = FlagsLine().Match(line);
            into[int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)] = match.Groups[2].Value.Replace("\\Recent", "", StringComparison.Ordinal);
        }

        static void Change(MailboxRig rig, int message, int flag)
        {
            using var client = ImapDialogue.Login(rig.Imap, "user0", "INBOX");
            client.Ok($"STORE {message} {(flag % 2 == 0 ? "" : "-")}FLAGS ({(flag < 2 ? "\\Flagged" : "\\Answered")})");
        }
    }

    private static readonly string[] Letters = ["", "F", "R", "FR"];

    /// <summary>As another program gives a message flags.</summary>
    private void Rename(int message, int flags)
    {
        var file = Directory.GetFiles(Path.Combine(_folder, "user0", "cur")).Concat(Directory.GetFiles(Path.Combine(_folder, "user0", "new"))).OrderBy(Path.GetFileName, StringComparer.Ordinal).ElementAt(message - 1);
        File.Move(file, Path.Combine(_folder, "user0", "cur", $"{Path.GetFileName(file).Split(':')[0]}:2,{Letters[flags]}"), overwrite: true);
    }

    private static string Rebooted(IEnumerable<string> lines) => string.Concat(lines.Select(static line => line.Split(" boot ")[0] + (line.Contains(" boot ", StringComparison.Ordinal) ? " boot another\n" : "\n")));

    /// <summary>A server over this test's folder.</summary>
    private async Task<MailboxRig> StartAsync(int deliveries)
    {
        var rig = await MailboxRig.StartAsync(options => options with { StoreDirectory = _folder });
        for (var i = 0; i < deliveries; i++) rig.Deliver($"number {i}\r\n", 0);
        return rig;
    }

    private static async Task<long> DeliveredAsync(MailboxRig rig, ImapDialogue client)
    {
        rig.Deliver("more\r\n", 0);
        await MailboxRig.EventuallyAsync(() => client.Ok("NOOP").Any(static line => line.EndsWith(" EXISTS", StringComparison.Ordinal)));
        return ModSeqOf(client.Ok("FETCH * MODSEQ")[0]);
    }

    private static long Highest(IEnumerable<string> lines) => long.Parse(lines.Select(static line => HighestLine().Match(line)).Single(static match => match.Success).Groups[1].ValueSpan, CultureInfo.InvariantCulture);

    private static long ModSeqOf(string line) => long.Parse(ModSeqItem().Match(line).Groups[1].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\* OK \[HIGHESTMODSEQ ([0-9]+)\]")]
    private static partial Regex HighestLine();

    [GeneratedRegex(@"MODSEQ \(([0-9]+)\)")]
    private static partial Regex ModSeqItem();

    [GeneratedRegex(@"^\* ([0-9]+) FETCH .*FLAGS (\([^)]*\))")]
    private static partial Regex FlagsLine();
}
