using System.Buffers;
using System.Text;

namespace MailBench.Wire.Imap;

/// <summary>HEADER.FIELDS and HEADER.FIELDS.NOT (RFC 3501 §6.4.5): the fields of a header whose names are among those asked for, or are not, octet for octet, and the empty line.</summary>
public static class HeaderFields
{
    /// <param name="header">With CRLF line ends; a line that begins with white space belongs to the field before.</param>
    public static void Select(ReadOnlySpan<byte> header, IReadOnlyList<string> names, bool others, IBufferWriter<byte> output)
    {
        var wanted = false;
        while (!header.IsEmpty && !header.StartsWith("\r\n"u8))
        {
            var end = header.IndexOf("\r\n"u8);
            var line = end < 0 ? header : header[..(end + 2)];
            if (line[0] is not ((byte)' ' or (byte)'\t')) wanted = IsAmong(line, names) != others;
            if (wanted) output.Write(line);
            header = header[line.Length..];
        }

        output.Write("\r\n"u8);
    }

    private static bool IsAmong(ReadOnlySpan<byte> line, IReadOnlyList<string> names)
    {
        var colon = line.IndexOf((byte)':');
        if (colon < 0) return false;
        var name = line[..colon].TrimEnd((byte)' ');
        foreach (var asked in names)
            if (Ascii.EqualsIgnoreCase(name, asked)) return true;
        return false;
    }
}
