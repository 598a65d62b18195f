namespace MailBench.Wire.Pop3;

/// <summary>Gives content in runs with CRLF wherever a line ended in LF or CRLF; the state carries over pieces. Its default value is ready for a message.</summary>
public struct LineEnding
{
    private bool _afterCr;
    private bool _owesLf;

    /// <summary>The next run of <paramref name="piece"/>, which loses what was taken; false when it is used up.</summary>
    public bool TryNext(ref ReadOnlySpan<byte> piece, out ReadOnlySpan<byte> run)
    {
        if (_owesLf)
        {
            // The LF of a bare one: its CRLF comes from a constant, since the content has none.
            _owesLf = false;
            piece = piece[1..];
            run = "\r\n"u8;
            return true;
        }

        run = default;
        if (piece.IsEmpty) return false;
        var at = 0;
        while (true)
        {
            var found = piece[at..].IndexOf((byte)'\n');
            if (found < 0)
            {
                run = piece;
                _afterCr = piece[^1] == (byte)'\r';
                piece = default;
                return true;
            }

            at += found;
            var hasCr = at > 0 ? piece[at - 1] == (byte)'\r' : _afterCr;
            if (!hasCr) break;
            at++;
        }

        _afterCr = false;
        if (at == 0)
        {
            piece = piece[1..];
            run = "\r\n"u8;
            return true;
        }

        run = piece[..at];
        piece = piece[at..];
        _owesLf = true;
        return true;
    }

    /// <summary>How many octets a piece has with CRLF line ends.</summary>
    public long Measure(ReadOnlySpan<byte> piece)
    {
        var octets = 0L;
        while (TryNext(ref piece, out var run)) octets += run.Length;
        return octets;
    }
}
