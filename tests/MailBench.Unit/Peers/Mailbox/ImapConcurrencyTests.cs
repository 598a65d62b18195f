using System.Globalization;
using System.Net;
using MailBench.Testing.Imap;
using Xunit;

namespace MailBench.Unit.Peers.Mailbox;

/// <summary>Sessions that change one mailbox at the same time: what each has been told, folded, is at every moment a mailbox that may be, and in the end the same one for all.</summary>
public sealed class ImapConcurrencyTests
{
    private const int Sessions = 3, Steps = 60;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Sessions_that_append_flag_and_expunge_at_once_end_with_the_same_mailbox(int seed)
    {
        await using var rig = await MailboxRig.StartAsync();
        var (imap, patience) = (rig.Imap, TimeSpan.FromMinutes(5));
        var views = Enumerable.Range(0, Sessions).Select(session => new View(imap, new Random(seed * 100 + session), session)).ToArray();
        await Task.WhenAll(views.Select(view => Task.Run(view.Work))).WaitAsync(patience, TestContext.Current.CancellationToken);

        // Each learns what the others did last.
        foreach (var view in views) view.Say("NOOP");
        using var fresh = ImapDialogue.Login(imap, "user0", "INBOX");
        var truth = fresh.Ok("UID FETCH 1:* (UID FLAGS)").Select(View.Normal).ToList();
        foreach (var view in views)
        {
            Assert.Equal(truth.Count, view.Count);
            Assert.Equal(truth, view.Say("UID FETCH 1:* (UID FLAGS)").Where(line => line.Contains(" FETCH ", StringComparison.Ordinal)).Select(View.Normal));
            view.Dispose();
        }

        Assert.Equal(truth.Count, rig.Files(0).Length);
        Assert.Empty(rig.Complaints);
    }

    /// <summary>A client that keeps what it was told: how many messages there are, and UIDs by number as far as it has seen them.</summary>
    private sealed class View : IDisposable
    {
        private readonly ImapDialogue _client;
        private readonly Random _random;
        private readonly int _session;
        private readonly List<uint> _uids = [];

        public View(IPEndPoint imap, Random random, int session)
        {
            (_random, _session) = (random, session);
            _client = ImapDialogue.Login(imap, "user0");
            Say("SELECT INBOX");
        }

        public int Count { get; private set; }

        public static string Normal(string line) => line.Replace("\\Recent", "", StringComparison.Ordinal).Replace("( ", "(", StringComparison.Ordinal).Replace(" )", ")", StringComparison.Ordinal);

        public void Work()
        {
            for (var step = 0; step < Steps; step++)
            {
                switch (_random.Next(5))
                {
                    case 0 or 1:
                        Fold(_client.Append("INBOX", $"Subject: {_session}-{step}\r\n\r\nx\r\n"));
                        break;
                    case 2 when Count > 0: Say($"STORE {_random.Next(Count) + 1} +FLAGS (\\Flagged)"); break;
                    case 3 when Count > 0: Say($"UID STORE {_random.Next(200) + 1} +FLAGS.SILENT (\\Deleted)"); break;
                    case 4: Say("EXPUNGE"); break;
                    default: Say("UID FETCH 1:* (UID FLAGS)"); break;
                }
            }
        }

        public IReadOnlyList<string> Say(string command)
        {
            var lines = _client.Ask(command);
            Fold(lines);
            Assert.StartsWith("OK", lines[^1], StringComparison.Ordinal);
            return lines;
        }

        public void Dispose() => _client.Dispose();

        /// <summary>RFC 3501 §7.3, §7.4: EXISTS never falls, EXPUNGE names what is there, a number keeps its UID until an EXPUNGE says otherwise.</summary>
        private void Fold(IEnumerable<string> lines)
        {
            foreach (var words in lines.Where(line => line.StartsWith("* ", StringComparison.Ordinal)).Select(line => line.Split(' ')))
            {
                if (words.Length < 3 || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var number)) continue;
                switch (words[2])
                {
                    case "EXISTS":
                        Assert.True(number >= Count, $"{number} EXISTS after {Count}");
                        Count = number;
                        break;
                    case "EXPUNGE":
                        Assert.InRange(number, 1, Count);
                        Count--;
                        if (number <= _uids.Count) _uids.RemoveAt(number - 1);
                        break;
                    case "FETCH":
                        Assert.InRange(number, 1, Count);
                        if (Array.IndexOf(words, "(UID") is not (> 0 and var at)) break;
                        var uid = uint.Parse(words[at + 1], CultureInfo.InvariantCulture);
                        while (_uids.Count < number) _uids.Add(0);
                        Assert.True(_uids[number - 1] == 0 || _uids[number - 1] == uid, $"message {number} was UID {_uids[number - 1]} and is {uid}");
                        _uids[number - 1] = uid;
                        break;
                }
            }
        }
    }
}
