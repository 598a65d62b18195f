using System.Buffers;

namespace MailBench.Wire.Smtp;

/// <summary>Content: only CRLF "." CRLF ends it, and a message that cannot be taken is read to that end before it is refused, so that client and server stay in step.</summary>
public sealed partial class SmtpServerMachine
{
    private ContentScanner _scanner;
    private SmtpReply? _doom;
    private long _contentBytes;

    private long MaxMessageBytes => Options.MaxMessageBytes > 0 ? Options.MaxMessageBytes : long.MaxValue;

    private void BeginContent()
    {
        _mode = Mode.Content;
        _scanner = default;
        _doom = null;
        _contentBytes = 0;
    }

    private int ReceiveContent(ReadOnlySpan<byte> input, ISmtpServerSession owner, IBufferWriter<byte> output)
    {
        var run = 0;
        var at = 0;
        while (true)
        {
            at += _scanner.Scan(input[at..], _doom is null ? Options.MaxContentLine : long.MaxValue, Options.RefuseBareLineEnds && _doom is null, out var stop);
            Deliver(input[run..at], owner);
            run = at;
            switch (stop)
            {
                case ScanStop.End:
                    return at;
                case ScanStop.Dot:
                    var rest = input[at..];
                    if (rest.StartsWith(".\r\n"u8))
                    {
                        EndContent(owner, output);
                        return at + 3;
                    }

                    // The dot, with a CR behind it perhaps, waits for the octets that tell what it is.
                    if (".\r"u8.StartsWith(rest)) return at;
                    _scanner.PassDot();
                    run = ++at;
                    break;
                case ScanStop.BareLf:
                    _doom ??= _replies.BareLf;
                    break;
                case ScanStop.BareCr:
                    _doom ??= _replies.BareCr;
                    break;
                case ScanStop.LongLine:
                    _doom ??= _replies.LongLine;
                    break;
            }
        }
    }

    private void Deliver(ReadOnlySpan<byte> octets, ISmtpServerSession owner)
    {
        if (_doom is not null) return;
        var room = MaxMessageBytes - _contentBytes;
        if (octets.Length > room)
        {
            octets = octets[..(int)room];
            _doom = _replies.TooLarge;
        }

        _contentBytes += octets.Length;
        if (!octets.IsEmpty) owner.OnContent(octets);
    }

    private void EndContent(ISmtpServerSession owner, IBufferWriter<byte> output)
    {
        _mode = Mode.Waiting;
        SmtpReply? reply;
        if (_doom is null)
        {
            reply = owner.OnEndOfData();
        }
        else
        {
            reply = _doom;
            owner.OnReset();
        }

        // An owner that knows its answer at once may also have given it by Resume.
        while (reply is not null && _mode == Mode.Waiting) Resume(reply, output);
    }
}
