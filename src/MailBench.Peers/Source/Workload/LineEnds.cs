namespace MailBench.Peers.Source.Workload;

/// <summary>From a file's line ends to the wire's (RFC 5321 §2.3.8).</summary>
internal static class LineEnds
{
    /// <summary>An LF that follows no CR becomes CRLF; a final CRLF is added where content does not end with one. A bare CR stays.</summary>
    public static byte[] ToWire(ReadOnlySpan<byte> content)
    {
        var bare = 0;
        for (var i = 0; i < content.Length; i++)
            if (content[i] == '\n' && (i == 0 || content[i - 1] != '\r')) bare++;
        var ended = content.EndsWith("\n"u8);
        var wire = new byte[content.Length + bare + (ended ? 0 : 2)];
        var at = 0;
        for (var i = 0; i < content.Length; i++)
        {
            if (content[i] == '\n' && (i == 0 || content[i - 1] != '\r')) wire[at++] = (byte)'\r';
            wire[at++] = content[i];
        }

        if (!ended) "\r\n"u8.CopyTo(wire.AsSpan(at));
        return wire;
    }
}
