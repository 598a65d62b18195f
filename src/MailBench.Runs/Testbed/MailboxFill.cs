using System.Globalization;
using System.Text;
using MailBench.Model.Profiles;
using MailBench.Model.Units;

namespace MailBench.Runs.Testbed;

/// <summary>
/// What lies in the users' mailboxes before a trial (<c>users.mailbox</c>): maildirs as any server reads them, messages that were seen before, each a file of its own. Written without syncs: nobody
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

    private readonly int _users = settings.Integer("users.count");
    private readonly int _messages = settings.Integer("users.mailbox.messages");
    private readonly ByteSize _size = settings.Size("users.mailbox.size");

    /// <summary>The sentence that says why so much is not written, or null. Pure.</summary>
    public string? Refusal()
    {
        var messages = (long)_users * _messages;
        if (messages > MostMessages) return $"users.mailbox.messages {_messages:#,0} for {_users:#,0} users are {messages:#,0} messages to be written before each trial; at most {MostMessages:#,0}.";
        return messages * _size.Bytes > MostOctets.Bytes ? $"users.mailbox: {_users:#,0} mailboxes of {_messages:#,0} messages of {_size} are more than {MostOctets}, which is the most that is written before a trial." : null;
    }

    /// <summary>Writes them beneath a store that is new. Throws <see cref="IOException"/>.</summary>
    public void Write()
    {
        if (_messages == 0) return;
        for (var user = 0; user < _users; user++)
        {
            var maildir = Path.Combine(store, string.Create(CultureInfo.InvariantCulture, $"user{user}"));
            foreach (var part in (string[])["tmp", "new", "cur"]) Directory.CreateDirectory(Path.Combine(maildir, part));
            for (var number = 0; number < _messages; number++)
            {
                var content = Message(user, number, (int)_size.Bytes);
                var lines = content.AsSpan().Count((byte)'\n');
                // S: octets on disk, W: with CRLF line ends, as Maildir++ has it; so no server has to open what it lists.
                File.WriteAllBytes(Path.Combine(maildir, "cur", string.Create(CultureInfo.InvariantCulture, $"{1_000_000_000 + number}.M{number}P1Q{user}.filled,S={content.Length},W={content.Length + lines}:2,S")), content);
            }
        }
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
