using System.Buffers;
using System.Text;

namespace MailBench.Wire.Imap;

/// <summary>The system flags of RFC 3501 §2.3.2. Keywords are not kept.</summary>
[Flags]
public enum ImapFlags : byte { None = 0, Answered = 1, Flagged = 2, Deleted = 4, Seen = 8, Draft = 16, Recent = 32, Storable = 31 }

/// <summary>The flags' names in and out.</summary>
public static class ImapFlagsText
{
    private static readonly (ImapFlags Flag, byte[] Name)[] Names =
    [
        (ImapFlags.Answered, "\\Answered"u8.ToArray()), (ImapFlags.Flagged, "\\Flagged"u8.ToArray()), (ImapFlags.Deleted, "\\Deleted"u8.ToArray()),
        (ImapFlags.Seen, "\\Seen"u8.ToArray()), (ImapFlags.Draft, "\\Draft"u8.ToArray()), (ImapFlags.Recent, "\\Recent"u8.ToArray()),
    ];

    /// <summary>The flag of a name in any case; <see cref="ImapFlags.None"/> for a keyword and for \Recent, which nobody may set.</summary>
    internal static ImapFlags Read(ReadOnlySpan<byte> name)
    {
        foreach (var (flag, known) in Names)
            if (flag != ImapFlags.Recent && Ascii.EqualsIgnoreCase(name, known)) return flag;
        return ImapFlags.None;
    }

    /// <summary>In parentheses, separated by spaces.</summary>
    public static void Write(ImapFlags flags, IBufferWriter<byte> output)
    {
        output.Write("("u8);
        var first = true;
        foreach (var (flag, name) in Names)
        {
            if ((flags & flag) == 0) continue;
            if (!first) output.Write(" "u8);
            first = false;
            output.Write(name);
        }

        output.Write(")"u8);
    }
}
