using System.Globalization;
using System.Text;
using MailBench.Model.Profiles;
using MailBench.Model.Units;

namespace MailBench.Runs.Testbed;

/// <summary>
/// What lies in the users' mailboxes before a trial (<c>users.mailbox</c>): maildirs as any server reads them, messages that were seen before, and mail that waits (<see cref="WaitingMail"/>), each a file of its own. Written without syncs: nobody
/// was promised anything yet.
/// </summary>
internal sealed class MailboxFill(string store, SettingValues settings)
{
    /// <summary>More would take longer than the trial, and fill the disk.</summary>
    public const long MostMessages = 1_000_000;
    public static readonly ByteSize MostOctets = new(8L << 30);

    /// <summary>Characters of a line of text, as most clients break them.</summary>
    private const int LineLength = 72;
    private const int LastLine = 3;

    private const int Threads = 4;

    private readonly int _users = settings.Integer("users.count");
    private readonly int _messages = settings.Integer("users.mailbox.messages");
    private readonly ByteSize _size = settings.Size("users.mailbox.size");
    private readonly WaitingMail? _waiting = settings.Flag("users.mailbox.waiting") ? new WaitingMail(settings) : null;

    /// <summary>The sentence that says why so much is not written, or null. Pure.</summary>
    public string? Refusal()
    {
        if (_waiting?.Refusal(MostMessages, MostOctets) is { } unfit) return unfit;
        var messages = (long)_users * _messages;
        if (messages > MostMessages) return $"users.mailbox.messages {_messages:#,0} for {_users:#,0} users are {messages:#,0} messages to be written before each trial; at most {MostMessages:#,0}.";
        return messages * _size.Bytes > MostOctets.Bytes ? $"users.mailbox: {_users:#,0} mailboxes of {_messages:#,0} messages of {_size} are more than {MostOctets}, which is the most that is written before a trial." : null;
    }

    /// <summary>Writes them beneath a store that is new. Throws <see cref="IOException"/>, and <see cref="OperationCanceledException"/> when it is told to stop.</summary>
    public void Write(CancellationToken stop)
    {
        if (_messages == 0 && _waiting is null) return;
        SeveralAtATime.Do(Enumerable.Range(0, _users), Threads, Write, stop);
    }

    private void Write(int user)
    {
        var maildir = Path.Combine(store, string.Create(CultureInfo.InvariantCulture, $"user{user}"));
        foreach (var part in (string[])["tmp", "new", "cur"]) Directory.CreateDirectory(Path.Combine(maildir, part));
        for (var number = 0; number < _messages; number++) Write(Path.Combine(maildir, "cur"), user, number, _size, ":2,S");
        if (_waiting is null) return;
        for (var (number, end) = (_messages, _messages + _waiting.Of(user)); number < end; number++) Write(Path.Combine(maildir, "new"), user, number, _waiting.Size, "");
    }

    private static void Write(string folder, int user, int number, ByteSize size, string flags)
    {
        var content = Message(user, number, (int)size.Bytes);
        var lines = content.AsSpan().Count((byte)'\n');
        // S: octets on disk, W: with CRLF line ends, as Maildir++ has it; so no server has to open what it lists.
        File.WriteAllBytes(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{1_000_000_000 + number}.M{number}P1Q{user}.filled,S={content.Length},W={content.Length + lines}{flags}")), content);
    }

    /// <summary>A message of exactly so many octets with CRLF line ends; here with LF.</summary>
    public static byte[] Message(int user, int number, int wireBytes)
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture,
            $"From: sender@source.test\nTo: user{user}@mail.test\nSubject: message {number}\nDate: Sun, 09 Sep 2001 01:46:40 +0000\nMessage-ID: <{user}.{number}@source.test>\n\n"));
        var left = wireBytes - text.Length - text.ToString().Count(static letter => letter == '\n');
        while (left > 0)
        {
            // A line's end is two octets on the wire; what would be left for the last one must have room for it.
            var length = left <= LineLength + 2 ? left - 2 : Math.Min(LineLength, left - 2 - LastLine);
            text.Append('x', length).Append('\n');
            left -= length + 2;
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }
}
