using System.Buffers;

namespace MailBench.Wire.Smtp;

/// <summary>
/// Content on its way out: stuffs leading dots (RFC 5321 §4.5.2), keeps line state over pieces, ends with CRLF "." CRLF, adding the CRLF only where content lacks it.
/// The content itself must already have CRLF line ends. Its default value is ready for a message.
/// </summary>
public struct ContentStuffer
{
    private bool _inLine;
    private bool _afterCr;
    private int _dots;

    /// <summary>Writes a piece of content of any size.</summary>
    public void Write(ReadOnlySpan<byte> content, IBufferWriter<byte> output)
    {
        if (content.IsEmpty) return;

        // A line that starts at the piece's beginning, or behind an LF whose CR ended the piece before, is not found by the search for CRLF "." below.
        if (!_inLine) StuffAt(content, 0, ref content, output);
        else if (_afterCr && content[0] == (byte)'\n' && content.Length > 1) StuffAt(content, 1, ref content, output);

        int found;
        while ((found = content.IndexOf("\r\n."u8)) >= 0)
        {
            output.Write(content[..(found + 2)]);
            output.Write("."u8);
            _dots++;
            content = content[(found + 2)..];
        }

        output.Write(content);
        var ended = content.EndsWith("\r\n"u8) || (content.Length == 1 && content[0] == (byte)'\n' && _afterCr);
        _inLine = !ended;
        _afterCr = content[^1] == (byte)'\r';
    }

    /// <summary>Writes the end of data and is ready for another message; returns the dots stuffed into this one.</summary>
    public int Finish(IBufferWriter<byte> output)
    {
        if (_inLine) output.Write("\r\n"u8);
        output.Write(".\r\n"u8);
        var dots = _dots;
        this = default;
        return dots;
    }

    private void StuffAt(ReadOnlySpan<byte> piece, int at, ref ReadOnlySpan<byte> rest, IBufferWriter<byte> output)
    {
        if (piece[at] != (byte)'.') return;
        output.Write(piece[..at]);
        output.Write("."u8);
        _dots++;
        rest = piece[at..];
    }
}
