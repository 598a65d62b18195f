using System.Buffers.Text;
using System.Text;

namespace MailBench.Model.Events;

/// <summary>
/// The identity of one measured run of one point: what stands before the sequence number in every message's reverse-path.
/// <paramref name="Run"/> is 1–16 characters of <c>[a-z0-9]</c>, unique to the run.
/// </summary>
public sealed record TrialId(string Run, int Point, int Repetition)
{
    /// <summary>The file-name and address token of the trial, <c>POINT-REPETITION</c>.</summary>
    public string Token => $"{Point}-{Repetition}";

    /// <summary>Whether a text can be a <see cref="Run"/>. It becomes a part of addresses and of directory names, and may come from a folder that somebody else wrote.</summary>
    public static bool IsRun(string text) => text is { Length: >= 1 and <= 16 } && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c));

    public override string ToString() => $"{Run}.{Token}";
}

/// <summary>
/// A message's ID as it travels in the envelope: <c>RUN.POINT-REPETITION.SEQ@source.SUFFIX</c> (variable envelope return path, VERP). A foreign
/// MTA keeps it, a DSN comes back to it, and the content stays untouched. Books are keyed (SEQ, recipient index) within a trial.
/// </summary>
public static class VerpAddress
{
    /// <summary>Writes the reverse-path without angle brackets, for example <c>7f3a.3-0.1042@source.test</c>.</summary>
    public static string Format(TrialId trial, long sequence, string suffix) => $"{trial}.{sequence}@source.{suffix}";

    /// <summary>
    /// Reads the sequence number out of a reverse-path (or, in a DSN, forward-path) that belongs to <paramref name="trial"/>.
    /// Allocation-free. <c>false</c> for any other address, the null path included.
    /// </summary>
    public static bool TryParseSequence(ReadOnlySpan<byte> path, TrialId trial, out long sequence)
    {
        sequence = -1;
        Span<byte> prefix = stackalloc byte[64];
        if (!TryWritePrefix(trial, prefix, out var length) || !path.StartsWith(prefix[..length])) return false;
        var rest = path[length..];
        return Utf8Parser.TryParse(rest, out sequence, out var digits) && sequence >= 0 && digits < rest.Length && rest[digits] == (byte)'@';
    }

    private static bool TryWritePrefix(TrialId trial, Span<byte> prefix, out int length)
    {
        length = 0;
        if (!Encoding.ASCII.TryGetBytes(trial.Run, prefix, out var n)) return false;
        prefix[n++] = (byte)'.';
        if (!Utf8Formatter.TryFormat(trial.Point, prefix[n..], out var m)) return false;
        n += m;
        prefix[n++] = (byte)'-';
        if (!Utf8Formatter.TryFormat(trial.Repetition, prefix[n..], out m)) return false;
        n += m;
        prefix[n++] = (byte)'.';
        length = n;
        return true;
    }
}

/// <summary>A synthetic recipient <c>uK@dJ.SUFFIX</c> (or <c>userK@mail.SUFFIX</c>): K is the recipient index within its message.</summary>
public static class RecipientAddress
{
    /// <summary>The address of recipient <paramref name="index"/> of a message, where each has <paramref name="recipients"/> and the zone <paramref name="domains"/> domains: they take turns.</summary>
    public static string Format(long sequence, int index, int recipients, int domains, string suffix) => $"u{index}@d{(sequence * recipients + index) % domains}.{suffix}";

    /// <summary>Reads K out of <c>uK@…</c> or <c>userK@…</c>; <c>false</c> for any other address.</summary>
    public static bool TryParseIndex(ReadOnlySpan<byte> address, out int index)
    {
        index = -1;
        var start = address.StartsWith("user"u8) ? 4 : address.StartsWith("u"u8) ? 1 : -1;
        if (start < 0) return false;
        return Utf8Parser.TryParse(address[start..], out index, out var digits) && index >= 0
            && start + digits < address.Length && address[start + digits] == (byte)'@';
    }
}
