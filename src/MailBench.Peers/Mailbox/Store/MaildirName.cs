using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MailBench.Wire.Imap;

namespace MailBench.Peers.Mailbox.Store;

/// <summary>
/// Names of maildir files: <c>UNIQUE[,S=octets][,W=octets][:2,FLAGS]</c>. UNIQUE is <c>seconds.M…P…Q….host</c> for files made here, anything for others'. <c>S</c> is the file's size,
/// <c>W</c> the size with CRLF line ends: so a listing needs no look into files (Maildir++ and Dovecot write the same).
/// </summary>
internal static class MaildirName
{
    /// <summary>RFC 1939 §7: a unique-id has at most 70 octets.</summary>
    public const int MaxUid = 70;

    public static string Compose(DateTimeOffset now, int process, long sequence, string host, long sizeBytes, long wireBytes) => string.Create(CultureInfo.InvariantCulture,
        $"{now.ToUnixTimeSeconds()}.M{now.Ticks % TimeSpan.TicksPerSecond / 10:D6}P{process}Q{sequence}.{host},S={sizeBytes},W={wireBytes}");

    /// <summary>Neither hidden nor a name that maildir knows nothing of; anything else is a message, whoever made it.</summary>
    public static bool IsMessage(ReadOnlySpan<char> name) => name.Length > 0 && name[0] != '.';

    /// <summary>What stays when a file moves from <c>new</c> to <c>cur</c> and changes its flags.</summary>
    public static ReadOnlySpan<char> BaseOf(ReadOnlySpan<char> name) => name.IndexOf(':') is var colon and >= 0 ? name[..colon] : name;

    /// <summary>
    /// The order of arrival as far as names tell it: digits count as numbers, since Dovecot writes microseconds without leading zeros, and <c>1.M99999P7</c> came before <c>1.M100000P7</c>.
    /// Names of one base stand side by side.
    /// </summary>
    public static int Compare(string left, string right)
    {
        var a = BaseOf(left);
        var b = BaseOf(right);
        var at = a.CommonPrefixLength(b);
        if (at == a.Length && at == b.Length) return string.CompareOrdinal(left, right);
        while (at > 0 && char.IsAsciiDigit(a[at - 1])) at--;
        a = a[at..];
        b = b[at..];
        var numbers = CompareNumbers(DigitsOf(a), DigitsOf(b));
        return numbers != 0 ? numbers : a.SequenceCompareTo(b);
    }

    private static int CompareNumbers(ReadOnlySpan<char> a, ReadOnlySpan<char> b)
    {
        if (a.IsEmpty || b.IsEmpty) return 0;
        a = a.TrimStart('0');
        b = b.TrimStart('0');
        return a.Length != b.Length ? a.Length.CompareTo(b.Length) : a.SequenceCompareTo(b);
    }

    private static ReadOnlySpan<char> DigitsOf(ReadOnlySpan<char> text) => text.IndexOfAnyExceptInRange('0', '9') is var end and >= 0 ? text[..end] : text;

    /// <summary>The value of a field such as <c>,S=</c>; -1: it has none.</summary>
    public static long FieldOf(ReadOnlySpan<char> name, string field)
    {
        var text = BaseOf(name);
        var at = text.IndexOf(field, StringComparison.Ordinal);
        if (at < 0) return -1;
        var value = text[(at + field.Length)..];
        var end = value.IndexOf(',');
        return long.TryParse(end < 0 ? value : value[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
    }

    /// <summary>The flags that a name in <c>cur</c> tells; letters that IMAP has no flag for are passed over.</summary>
    public static ImapFlags FlagsOf(ReadOnlySpan<char> name)
    {
        var flags = ImapFlags.None;
        foreach (var letter in LettersOf(name)) flags |= FlagOf(letter);
        return flags;
    }

    /// <summary>The name in <c>cur</c> with other flags: letters in ASCII order as maildir wants, those of other programs kept.</summary>
    public static string WithFlags(string name, ImapFlags flags)
    {
        var letters = new List<char>();
        foreach (var letter in LettersOf(name))
            if (FlagOf(letter) == ImapFlags.None && !letters.Contains(letter)) letters.Add(letter);
        foreach (var letter in "DFRST")
            if ((flags & FlagOf(letter)) != 0) letters.Add(letter);
        letters.Sort();
        return $"{BaseOf(name)}:2,{string.Concat(letters)}";
    }

    private static ReadOnlySpan<char> LettersOf(ReadOnlySpan<char> name) => name.IndexOf(":2,") is var at and >= 0 ? name[(at + 3)..] : default;

    private static ImapFlags FlagOf(char letter) => letter switch
    {
        'D' => ImapFlags.Draft,
        'F' => ImapFlags.Flagged,
        'R' => ImapFlags.Answered,
        'S' => ImapFlags.Seen,
        'T' => ImapFlags.Deleted,
        _ => ImapFlags.None,
    };

    /// <summary>Writes the unique-id of a message, the same for its whole life; returns its octets (at most <see cref="MaxUid"/>). A name that is none gives its digest.</summary>
    public static int WriteUid(ReadOnlySpan<char> name, Span<byte> uid)
    {
        var text = BaseOf(name);
        if (text.IndexOf(',') is var comma and > 0) text = text[..comma];
        if (text.Length <= MaxUid && text.IndexOfAnyExceptInRange('!', '~') < 0)
        {
            Encoding.ASCII.GetBytes(text, uid);
            return text.Length;
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()), digest);
        Convert.TryToHexStringLower(digest, uid, out var written);
        return written;
    }
}
