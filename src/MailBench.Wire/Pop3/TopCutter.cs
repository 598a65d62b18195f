namespace MailBench.Wire.Pop3;

/// <summary>TOP (RFC 1939 §7): the header, the empty line and so many lines of the body. Works on content with LF or CRLF line ends.</summary>
internal struct TopCutter(long bodyLines)
{
    private long _left = bodyLines;
    private bool _inBody;
    private int _lineOctets;

    public readonly bool IsDone => _inBody && _left == 0;

    /// <summary>The part of the piece that is wanted.</summary>
    public ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> piece)
    {
        if (_left == long.MaxValue) return piece;
        var at = 0;
        while (at < piece.Length && !IsDone)
        {
            var end = piece[at..].IndexOf((byte)'\n');
            if (end < 0)
            {
                // A lone CR does not make a line less empty.
                var rest = piece[at..];
                _lineOctets += rest.Length == 1 && rest[0] == (byte)'\r' ? 0 : 1;
                return piece;
            }

            var line = piece.Slice(at, end);
            var isEmpty = _lineOctets == 0 && (line.IsEmpty || line.SequenceEqual("\r"u8));
            if (_inBody) _left--;
            else _inBody = isEmpty;
            _lineOctets = 0;
            at += end + 1;
        }

        return piece[..at];
    }
}
