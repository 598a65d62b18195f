using System.Diagnostics.CodeAnalysis;
using MailBench.Wire.Imap;

namespace MailBench.Peers.Mailbox.Store;

/// <summary>
/// The name of a folder that may be: the inbox, or parts joined by dots. It came over the wire and becomes a directory's name (Maildir++: a dot in front), so there is no way to make one but
/// <see cref="TryRead"/>: valid modified UTF-7, no slash, no control, no empty part (hence neither <c>.</c> nor <c>..</c>), of bounded length.
/// </summary>
internal sealed class FolderName
{
    public const char Separator = '.';
    private const int MaxLength = 200;

    public static readonly FolderName Inbox = new("INBOX");

    private FolderName(string text) => Text = text;

    /// <summary>As it is said on the wire and, behind a dot, on disk: in modified UTF-7.</summary>
    public string Text { get; }

    public bool IsInbox => ReferenceEquals(this, Inbox);

    public static bool TryRead(string name, [NotNullWhen(true)] out FolderName? folder)
    {
        folder = null;
        if (name.Equals("INBOX", StringComparison.OrdinalIgnoreCase)) folder = Inbox;
        else if (IsSafe(name)) folder = new FolderName(name);
        return folder is not null;
    }

    /// <summary>Its directory under a user's.</summary>
    public string PathIn(string user) => IsInbox ? user : Path.Combine(user, Separator + Text);

    private static bool IsSafe(string name) =>
        name.Length is > 0 and <= MaxLength
        && name.IndexOfAny(['/', '\\', '*', '%', ':']) < 0
        && name[0] != Separator && name[^1] != Separator && !name.Contains("..", StringComparison.Ordinal)
        && ModifiedUtf7.TryDecode(name, out var text) && !text.AsSpan().ContainsAnyInRange('\0', '\x1f') && text.IndexOfAny(['/', '\\', '\x7f']) < 0;
}
