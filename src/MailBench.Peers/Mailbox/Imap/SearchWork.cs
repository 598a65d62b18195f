using System.Text;
using MailBench.Peers.Mailbox.Store;
using MailBench.Wire.Imap;
using MimeKit;

namespace MailBench.Peers.Mailbox.Imap;

/// <summary>
/// A SEARCH under way (RFC 3501 §6.4.4): looks at a bounded number of messages at a time and goes on from there. Texts are compared decoded (RFC 2047, transfer encodings, charsets), in any case. On disk
/// threads, or on the loop where no condition needs a file.
/// </summary>
internal sealed class SearchWork(Maildir maildir, SearchKey key, ImapView view)
{
    private const int MessagesAtOnce = 100;

    private readonly IReadOnlyList<IndexedMessage> _messages = view.Messages;
    private readonly uint _largestUid = view.LargestUid;
    private int _at;

    public bool IsCheap { get; } = !key.NeedsFile;

    /// <summary>Places of the messages that match, so far.</summary>
    public List<int> Found { get; } = [];

    /// <summary>Looks on; true when all are looked at. A message that is gone matches nothing. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.</summary>
    public bool LookOn()
    {
        var until = IsCheap ? _messages.Count : Math.Min(_messages.Count, _at + MessagesAtOnce);
        for (; _at < until; _at++)
        {
            using var subject = new Subject(maildir, _messages[_at]);
            if (Matches(key, subject, _at) && !subject.IsGone) Found.Add(_at);
        }

        return _at == _messages.Count;
    }

    private bool Matches(SearchKey key, Subject subject, int place) => key.Kind switch
    {
        SearchKind.All => true,
        SearchKind.And => key.Keys.All(inner => Matches(inner, subject, place)),
        SearchKind.Or => key.Keys.Any(inner => Matches(inner, subject, place)),
        SearchKind.Not => !Matches(key.Keys[0], subject, place),
        SearchKind.Numbers => key.Set!.Contains((uint)place + 1, (uint)_messages.Count),
        SearchKind.Uids => key.Set!.Contains(subject.Message.Uid, _largestUid),
        SearchKind.ModSeq => subject.Message.ModSeq >= key.Number,
        SearchKind.Flag => (subject.Message.Flags & key.Flag) != 0,
        SearchKind.Larger => subject.Message.File.WireBytes > key.Number,
        SearchKind.Smaller => subject.Message.File.WireBytes < key.Number,
        SearchKind.Before => subject.Arrived is { } day && day < key.Date,
        SearchKind.On => subject.Arrived == key.Date,
        SearchKind.Since => subject.Arrived is { } day && day >= key.Date,
        SearchKind.SentBefore => subject.Sent is { } day && day < key.Date,
        SearchKind.SentOn => subject.Sent == key.Date,
        SearchKind.SentSince => subject.Sent is { } day && day >= key.Date,
        SearchKind.Header => subject.Headers(key.Name).Any(value => Holds(value, key.Text)),
        SearchKind.Body => subject.BodyHolds(key.Text),
        SearchKind.Text => subject.AllHeaders().Any(value => Holds(value, key.Text)) || subject.BodyHolds(key.Text),

        // Keywords are not kept: no message has one.
        _ => false,
    };

    private static bool Holds(string text, string wanted) => text.Contains(wanted, StringComparison.OrdinalIgnoreCase);

    /// <summary>A message as far as it had to be looked into.</summary>
    private sealed class Subject(Maildir maildir, IndexedMessage message) : IDisposable
    {
        private MessageText? _text;
        private MimeMessage? _whole;

        public IndexedMessage Message => message;
        public bool IsGone { get; private set; }

        /// <summary>RFC 3501 §6.4.4: dates without regard to time and zone.</summary>
        public DateOnly? Arrived
        {
            get
            {
                var time = maildir.ArrivedAt(message.File);
                IsGone |= time is null;
                return time is { } at ? DateOnly.FromDateTime(at.UtcDateTime) : null;
            }
        }

        public DateOnly? Sent => Source is { } source && source.Headers.Contains(HeaderId.Date) ? DateOnly.FromDateTime(source.Date.DateTime) : null;

        public IEnumerable<string> Headers(string name) => Source?.Headers.Where(header => header.Field.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(static header => header.Value) ?? [];

        public IEnumerable<string> AllHeaders() => Source?.Headers.Select(static header => $"{header.Field}: {header.Value}") ?? [];

        public bool BodyHolds(string wanted)
        {
            if (Text is not { } text) return false;
            _whole ??= text.Look(MessageStructure.Load);
            return _whole is null
                ? text.Look((octets, length) => Holds(Encoding.UTF8.GetString(octets, 0, length), wanted))
                : _whole.BodyParts.OfType<TextPart>().Any(part => Holds(part.Text, wanted));
        }

        public void Dispose()
        {
            _text?.Dispose();
            _whole?.Dispose();
        }

        private MimeMessage? Source => Text?.Structure.Source;

        private MessageText? Text
        {
            get
            {
                if (_text is null && !IsGone) _text = MessageText.Open(maildir, message.File);
                IsGone |= _text is null;
                return _text;
            }
        }
    }
}
