namespace MailBench.Peers.Source.Workload;

/// <summary>
/// The mbox format (RFC 4155), read as mboxrd: a message begins after a line <c>From …</c> at the start of the file or after an empty line, that empty line belongs to the
/// format, and <c>&gt;From</c> preceded by any number of <c>&gt;</c> loses one. Mboxo, whose writers escape only <c>From</c> itself, reads the same way.
/// </summary>
internal static class Mbox
{
    /// <summary>The contents, ready for the wire. An mbox without a separator gives none.</summary>
    public static List<byte[]> Split(ReadOnlySpan<byte> mbox)
    {
        var messages = new List<byte[]>();
        var message = new MemoryStream();
        var open = false;
        var afterEmptyLine = true;
        while (!mbox.IsEmpty)
        {
            var end = mbox.IndexOf((byte)'\n');
            var line = end < 0 ? mbox : mbox[..(end + 1)];
            mbox = mbox[line.Length..];
            if (afterEmptyLine && line.StartsWith("From "u8))
            {
                if (open) messages.Add(Finish(message));
                message.SetLength(0);
                open = true;
                afterEmptyLine = false;
                continue;
            }

            message.Write(IsEscapedFrom(line) ? line[1..] : line);
            afterEmptyLine = IsEmpty(line);
        }

        if (open) messages.Add(Finish(message));
        return messages;
    }

    private static byte[] Finish(MemoryStream message)
    {
        var octets = message.GetBuffer().AsSpan(0, (int)message.Length);
        return LineEnds.ToWire(WithoutSeparatingLine(octets));
    }

    private static ReadOnlySpan<byte> WithoutSeparatingLine(ReadOnlySpan<byte> octets)
    {
        var rest = octets;
        if (octets.EndsWith("\n\n"u8)) rest = octets[..^1];
        else if (octets.EndsWith("\n\r\n"u8)) rest = octets[..^2];
        else if (octets.SequenceEqual("\n"u8) || octets.SequenceEqual("\r\n"u8)) rest = [];
        return rest;
    }

    private static bool IsEmpty(ReadOnlySpan<byte> line) => line.SequenceEqual("\n"u8) || line.SequenceEqual("\r\n"u8);

    private static bool IsEscapedFrom(ReadOnlySpan<byte> line)
    {
        var quotes = line.IndexOfAnyExcept((byte)'>');
        return quotes > 0 && line[quotes..].StartsWith("From "u8);
    }
}
