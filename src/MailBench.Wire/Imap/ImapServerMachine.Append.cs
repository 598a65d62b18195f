using System.Buffers;
using System.Text;

namespace MailBench.Wire.Imap;

/// <summary>
/// APPEND (RFC 3501 §6.3.11): its content is handed on as it comes and never held here. A client that does not wait (LITERAL+) has the content under way: it is read to its end, whatever
/// becomes of it.
/// </summary>
public sealed partial class ImapServerMachine
{
    /// <summary>What a client that does not wait may bring in vain; beyond it the session ends.</summary>
    private const long MaxDropped = 1L << 30;

    private long _contentLeft;
    private string? _appendRefusal;

    /// <summary>
    /// Looks whether the literal at the end of this <paramref name="line"/> is APPEND's content. If so it is dealt with, and true is told: the line is used up. A mailbox's name may be a literal too,
    /// so the command must be whole as far as here.
    /// </summary>
    private bool BeginsAppend(ReadOnlySpan<byte> command, ReadOnlySpan<byte> line, long octets, bool waits, IImapServerSession owner, IBufferWriter<byte> output)
    {
        if (State < ImapState.Authenticated || !TryTag(command, out var tag, out var at)) return false;
        var head = line[line.LastIndexOf((byte)'{')..];
        var cursor = new ImapCursor(command[at..^head.Length]);
        if (ImapVerbs.Read(cursor.Word()) != ImapVerb.Append || ImapCommandParser.ParseAppend(tag, ref cursor) is not { } append) return false;
        ForgetFrame();
        _tag = tag;
        _verb = ImapVerb.Append;
        _appendRefusal = octets > Options.MaxMessageBytes ? "[TOOBIG] the message is too large" : octets == 0 ? "an empty message is none" : owner.OnAppend(append, octets);
        if (_appendRefusal is not null && waits)
        {
            Tagged(ImapStatus.No, Encoding.ASCII.GetBytes(_appendRefusal), output);
            return true;
        }

        if (octets > MaxDropped)
        {
            Bye("* BYE the literal is too long\r\n"u8, output);
            return true;
        }

        if (waits) Say("+ go on\r\n"u8, output);
        _contentLeft = octets;
        _mode = octets > 0 ? Mode.AppendContent : Mode.AppendTail;
        return true;
    }

    private int ReceiveContent(ReadOnlySpan<byte> input, IImapServerSession owner)
    {
        var piece = input.Length > _contentLeft ? input[..(int)_contentLeft] : input;
        if (_appendRefusal is null) owner.OnAppendContent(piece);
        _contentLeft -= piece.Length;
        if (_contentLeft == 0) _mode = Mode.AppendTail;
        return piece.Length;
    }

    /// <summary>The rest of the command's last line, which must be empty.</summary>
    private void EndAppend(ReadOnlySpan<byte> rest, IImapServerSession owner, IBufferWriter<byte> output)
    {
        if (!rest.IsEmpty)
        {
            if (_appendRefusal is null) owner.OnAppendAbandoned();
            Blame("one message at a time"u8, output);
        }
        else if (_appendRefusal is not null)
        {
            _mode = Mode.Command;
            Tagged(ImapStatus.No, Encoding.ASCII.GetBytes(_appendRefusal), output);
        }
        else
        {
            _mode = Mode.AwaitsAnswer;
            owner.OnAppendEnd();
        }
    }
}
