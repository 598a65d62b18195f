using System.Text;
using MailBench.Mta.Queue;
using MailBench.Mta.Queue.Segments;
using Xunit;

namespace MailBench.Crash;

/// <summary>What a workload knows about its messages: what was promised, and so what a restart must and may find.</summary>
internal sealed class QueueBook
{
    private readonly Dictionary<long, Known> _known = [];

    public IEnumerable<Known> Unfinished => _known.Values.Where(known => known.Entry is { Unfinished: > 0 } && known.Acknowledged);
    public int Acknowledged => _known.Values.Count(known => known.Acknowledged);
    public int Refused => _known.Values.Count(known => known.Refused);

    public Known Add(byte[] content, byte[][] recipients)
    {
        var known = new Known(content, recipients);
        return known;
    }

    public void Register(long id, Known known) => _known.Add(id, known);

    /// <summary>
    /// Checks what a restart has found against the promises: acknowledged and unfinished is there, octet for octet; unacknowledged is whole or absent; a recipient's state is the
    /// last durable one or one recorded after it.
    /// </summary>
    /// <param name="settled">Whether what was found is durable by now (after a power cut it is, after a kill it need not be).</param>
    public void Check(MessageQueue queue, bool settled, string story)
    {
        var found = queue.Recovered.ToDictionary(entry => entry.Id.Value);
        Assert.Equal(queue.RecoveredRecipients.Select(recipient => recipient.Id).Distinct().Count(), found.Count);
        foreach (var (id, entry) in found)
        {
            Assert.True(_known.TryGetValue(id, out var known), $"{story}: message {id} was never given");
            Assert.False(known.Gone, $"{story}: message {id} had gone and is back");
            Assert.True(entry.Unfinished > 0, $"{story}: message {id} is finished");
            Assert.True(known.Content.AsSpan().SequenceEqual(Read(queue, entry)), $"{story}: content of message {id} differs");
            Assert.Equal("sender@source.test", Encoding.ASCII.GetString(entry.ReversePath));
            Assert.Equal(known.Recipients, entry.Recipients.Select(recipient => recipient.Address));
            for (var i = 0; i < entry.Recipients.Length; i++)
            {
                var status = RecipientStatus.Of(entry.Recipients[i]);
                Assert.True(known.Allowed(i).Contains(status), $"{story}: message {id} recipient {i} is {status}; allowed: {string.Join(" | ", known.Allowed(i))}");
                if (settled) known.Settle(i, status);
            }

            known.Entry = entry;
            // Seen once and durable: it may be served now, so it may not be lost any more.
            if (settled) known.Acknowledged = true;
        }

        foreach (var (id, known) in _known)
        {
            if (found.ContainsKey(id)) continue;
            Assert.False(known.Acknowledged && !known.MayBeFinished, $"{story}: message {id} was acknowledged and is lost");
            known.Entry = null;
            if (settled) known.Gone = true;
        }
    }

    private static byte[] Read(MessageQueue queue, QueueEntry entry)
    {
        var content = new byte[entry.ContentBytes];
        var at = 0;
        while (queue.ReadContent(entry, at, content.AsSpan(at)) is var read and > 0) at += read;
        return content;
    }

    internal sealed class Known(byte[] content, byte[][] recipients)
    {
        private readonly List<RecipientStatus>[] _allowed = [.. recipients.Select(_ => new List<RecipientStatus> { RecipientStatus.Untried })];

        public byte[] Content { get; } = content;
        public byte[][] Recipients { get; } = recipients;
        public QueueEntry? Entry { get; set; }
        public bool Acknowledged { get; set; }
        public bool Refused { get; set; }
        public bool Gone { get; set; }

        public bool MayBeFinished => _allowed.All(states => states.Exists(state => state.State != RecipientState.Waiting));

        public IReadOnlyList<RecipientStatus> Allowed(int recipient) => _allowed[recipient];

        /// <summary>Notes a recorded state; returns what its durable callback does.</summary>
        public Action Record(int recipient, RecipientStatus status)
        {
            _allowed[recipient].Add(status);
            return () => _allowed[recipient].RemoveRange(0, Math.Max(0, _allowed[recipient].LastIndexOf(status)));
        }

        public void Settle(int recipient, RecipientStatus status)
        {
            _allowed[recipient].Clear();
            _allowed[recipient].Add(status);
        }
    }
}
