using System.Buffers;
using MailBench.Wire.Smtp;

namespace MailBench.Wire.Pop3;

/// <summary>RETR and TOP: content comes from the owner in pieces with any line ends, and leaves with CRLF, dots stuffed, ended by CRLF "." CRLF (RFC 1939 §3).</summary>
public sealed partial class Pop3ServerMachine
{
    private ContentStuffer _stuffer;
    private LineEnding _ending;
    private TopCutter _cutter;
    private long _announced;

    /// <summary>More of the content will be sent; false once TOP has had its lines.</summary>
    public bool WantsContent => _mode == Mode.Content && !_cutter.IsDone;

    /// <summary>The message is there: writes <c>+OK</c>.</summary>
    public void BeginContent(IBufferWriter<byte> output)
    {
        Require(Mode.AwaitsContent);
        _mode = Mode.Content;
        if (_announced < 0) Say("+OK\r\n"u8, output);
        else SayOctets(output);
    }

    /// <summary>A piece of content, of any size: LF and CRLF both end a line. What TOP does not want is dropped.</summary>
    public void WriteContent(ReadOnlySpan<byte> piece, IBufferWriter<byte> output)
    {
        Require(Mode.Content);
        piece = _cutter.Cut(piece);
        while (_ending.TryNext(ref piece, out var run)) _stuffer.Write(run, output);
    }

    /// <summary>The content has been given; the next command may come.</summary>
    public void EndContent(IBufferWriter<byte> output)
    {
        Require(Mode.Content);
        _mode = Mode.Command;
        _stuffer.Finish(output);
    }

    /// <summary>The message cannot be had: it is gone, or the disk failed.</summary>
    public void RefuseContent(IBufferWriter<byte> output)
    {
        Require(Mode.AwaitsContent);
        _mode = Mode.Command;
        Say("-ERR [SYS/TEMP] the message cannot be read\r\n"u8, output);
    }

    private void AskContent(int index, long bodyLines, IPop3ServerSession owner)
    {
        _mode = Mode.AwaitsContent;
        _stuffer = default;
        _ending = default;
        _cutter = new TopCutter(bodyLines);
        _announced = bodyLines == long.MaxValue ? _maildrop!.SizeOf(index) : -1;
        owner.OnRetrieve(index, bodyLines == long.MaxValue);
    }

    private void SayOctets(IBufferWriter<byte> output)
    {
        var line = output.GetSpan(32);
        "+OK "u8.CopyTo(line);
        System.Buffers.Text.Utf8Formatter.TryFormat(_announced, line[4..], out var digits);
        " octets\r\n"u8.CopyTo(line[(4 + digits)..]);
        Wrote(digits + 13, output);
    }
}
