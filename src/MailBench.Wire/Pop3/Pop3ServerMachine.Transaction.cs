using System.Buffers;
using System.Buffers.Text;

namespace MailBench.Wire.Pop3;

/// <summary>The TRANSACTION state (RFC 1939 §5, §7): marks of deletion are the machine's, messages the maildrop's.</summary>
public sealed partial class Pop3ServerMachine
{
    private IPop3Maildrop? _maildrop;
    private ulong[] _deleted = [];
    private int _leftCount;
    private long _leftOctets;

    /// <summary>The message is marked as deleted.</summary>
    public bool IsDeleted(int index) => (_deleted[index >> 6] >> index & 1) != 0;

    /// <summary>Messages marked as deleted.</summary>
    public int DeletedCount => _maildrop is null ? 0 : _maildrop.Count - _leftCount;

    /// <summary>Answers QUIT: <paramref name="removed"/> false says that some deleted messages are still there (RFC 1939 §6).</summary>
    public void Close(bool removed, IBufferWriter<byte> output)
    {
        Require(Mode.AwaitsUpdate);
        _mode = Mode.Command;
        End(removed ? "+OK bye\r\n"u8 : "-ERR [SYS/TEMP] some deleted messages not removed\r\n"u8, output);
    }

    private void EnterTransaction(IPop3Maildrop maildrop)
    {
        _maildrop = maildrop;
        _deleted = maildrop.Count == 0 ? [] : new ulong[(maildrop.Count + 63) / 64];
        CountAll();
    }

    private void CountAll()
    {
        _leftCount = _maildrop!.Count;
        _leftOctets = 0;
        for (var i = 0; i < _leftCount; i++) _leftOctets += _maildrop.SizeOf(i);
    }

    private void Transact(Pop3Line command, IPop3ServerSession owner, IBufferWriter<byte> output)
    {
        switch (command.Verb)
        {
            case Pop3Verb.Stat: SayNumbers("+OK "u8, _leftCount, _leftOctets, output); break;
            case Pop3Verb.List: List(command.Argument, uids: false, output); break;
            case Pop3Verb.Uidl: List(command.Argument, uids: true, output); break;
            case Pop3Verb.Retr: Retrieve(command.Argument, owner, output); break;
            case Pop3Verb.Top: Top(command.Argument, owner, output); break;
            case Pop3Verb.Dele: Delete(command.Argument, output); break;
            case Pop3Verb.Rset:
                Array.Clear(_deleted);
                CountAll();
                Say("+OK\r\n"u8, output);
                break;
            default: Blame("-ERR logged in already\r\n"u8, output); break;
        }
    }

    private void List(ReadOnlySpan<byte> argument, bool uids, IBufferWriter<byte> output)
    {
        if (!argument.IsEmpty)
        {
            if (!TryMessage(argument, output, out var one)) return;
            Say("+OK "u8, output);
            SayListed(one, uids, output);
            return;
        }

        SayNumbers("+OK "u8, _leftCount, _leftOctets, output);
        for (var i = 0; i < _maildrop!.Count; i++)
            if (!IsDeleted(i)) SayListed(i, uids, output);
        Say(".\r\n"u8, output);
    }

    private void Retrieve(ReadOnlySpan<byte> argument, IPop3ServerSession owner, IBufferWriter<byte> output)
    {
        if (TryMessage(argument, output, out var index)) AskContent(index, long.MaxValue, owner);
    }

    private void Top(ReadOnlySpan<byte> argument, IPop3ServerSession owner, IBufferWriter<byte> output)
    {
        var space = argument.IndexOf((byte)' ');
        if (space < 0 || !TryNumber(argument[(space + 1)..], out var lines)) Blame("-ERR syntax: TOP message lines\r\n"u8, output);
        else if (TryMessage(argument[..space], output, out var index)) AskContent(index, lines, owner);
    }

    private void Delete(ReadOnlySpan<byte> argument, IBufferWriter<byte> output)
    {
        if (!TryMessage(argument, output, out var index)) return;
        _deleted[index >> 6] |= 1UL << index;
        _leftCount--;
        _leftOctets -= _maildrop!.SizeOf(index);
        Say("+OK\r\n"u8, output);
    }

    private bool TryMessage(ReadOnlySpan<byte> text, IBufferWriter<byte> output, out int index)
    {
        index = -1;
        if (!TryNumber(text, out var number))
        {
            Blame("-ERR a message number is wanted\r\n"u8, output);
            return false;
        }

        if (number >= 1 && number <= _maildrop!.Count && !IsDeleted((int)number - 1))
        {
            index = (int)number - 1;
            return true;
        }

        Blame("-ERR no such message\r\n"u8, output);
        return false;
    }

    /// <summary>Digits only; trailing spaces as some clients send them.</summary>
    private static bool TryNumber(ReadOnlySpan<byte> text, out long number)
    {
        text = text.TrimEnd((byte)' ');
        number = 0;
        return text.Length is > 0 and <= 18 && text.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0 && Utf8Parser.TryParse(text, out number, out _);
    }

    private void SayListed(int index, bool uids, IBufferWriter<byte> output)
    {
        if (!uids)
        {
            SayNumbers(default, index + 1, _maildrop!.SizeOf(index), output);
            return;
        }

        var uid = _maildrop!.UidOf(index);
        var line = output.GetSpan(uid.Length + 16);
        Utf8Formatter.TryFormat(index + 1, line, out var at);
        line[at++] = (byte)' ';
        uid.CopyTo(line[at..]);
        at += uid.Length;
        "\r\n"u8.CopyTo(line[at..]);
        Wrote(at + 2, output);
    }

    private void SayNumbers(ReadOnlySpan<byte> prefix, long first, long second, IBufferWriter<byte> output)
    {
        var line = output.GetSpan(prefix.Length + 48);
        prefix.CopyTo(line);
        var at = prefix.Length;
        Utf8Formatter.TryFormat(first, line[at..], out var digits);
        line[at += digits] = (byte)' ';
        Utf8Formatter.TryFormat(second, line[++at..], out digits);
        at += digits;
        "\r\n"u8.CopyTo(line[at..]);
        Wrote(at + 2, output);
    }

    private void Wrote(int count, IBufferWriter<byte> output)
    {
        output.Advance(count);
        _written += count;
    }
}
