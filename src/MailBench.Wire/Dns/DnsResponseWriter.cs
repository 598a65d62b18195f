using System.Buffers.Binary;

namespace MailBench.Wire.Dns;

/// <summary>
/// Writes one response into a caller's buffer, names compressed (RFC 1035 §4.1.4), without allocation. The question is repeated as it came, in its own
/// case. A record that does not fit is not written: the caller rolls back to a <see cref="Mark"/> and decides between truncation and going without.
/// </summary>
public ref struct DnsResponseWriter
{
    /// <summary>UDP payload that we state to take in EDNS.</summary>
    private const ushort OurUdpSize = 4096;

    private readonly Span<byte> _output;
    private readonly Span<ushort> _targets;
    private readonly bool _edns;
    private readonly int _limit;
    private Span<ushort> _counts;
    private ushort _flags;
    private DnsRcode _rcode;
    private int _targetCount;

    /// <param name="output">At least 512 octets.</param>
    /// <param name="limit">Octets that the client takes; at most those of <paramref name="output"/>.</param>
    /// <param name="scratch">Room for compression targets and counts, at least <see cref="ScratchWords"/> words; need not be cleared.</param>
    public DnsResponseWriter(ReadOnlySpan<byte> message, in DnsQuery query, Span<byte> output, int limit, Span<ushort> scratch)
    {
        _output = output;
        _edns = query.HasEdns;
        _limit = Math.Min(limit, output.Length) - (_edns ? DnsWire.OptBytes : 0);
        _counts = scratch[..3];
        _counts.Clear();
        _targets = scratch[3..];
        _flags = (ushort)(DnsWire.FlagResponse | (query.Flags & (DnsWire.OpcodeMask | DnsWire.FlagRecursionDesired)));
        message[..query.QuestionEnd].CopyTo(output);
        Length = query.QuestionEnd;
        if (Length > DnsWire.HeaderBytes) AddTargets(DnsWire.HeaderBytes);
    }

    /// <summary>Some forty names of four labels; names beyond go uncompressed.</summary>
    public const int ScratchWords = 3 + 160;

    public int Length { get; private set; }

    public bool Authoritative
    {
        set => SetFlag(DnsWire.FlagAuthoritative, value);
    }

    public bool Truncated
    {
        set => SetFlag(DnsWire.FlagTruncated, value);
    }

    public DnsRcode Rcode
    {
        readonly get => _rcode;
        set => _rcode = value;
    }

    /// <summary>How far the response has come, to return to.</summary>
    public readonly DnsMark Mark() => new(Length, _targetCount, _counts[0], _counts[1], _counts[2]);

    public void Return(DnsMark mark)
    {
        Length = mark.Length;
        _targetCount = mark.Targets;
        _counts[0] = mark.Answers;
        _counts[1] = mark.Authorities;
        _counts[2] = mark.Additionals;
    }

    /// <summary>Writes a record of class IN; <c>false</c> when it does not fit, with nothing written. Sections come in their order.</summary>
    public bool TryWrite(DnsSection section, ReadOnlySpan<byte> owner, uint ttl, DnsRdata rdata)
    {
        var mark = Mark();
        if (!TryWriteName(owner) || Length + 10 > _limit) return Undo(mark);
        BinaryPrimitives.WriteUInt16BigEndian(_output[Length..], (ushort)rdata.Type);
        BinaryPrimitives.WriteUInt16BigEndian(_output[(Length + 2)..], DnsWire.ClassIn);
        BinaryPrimitives.WriteUInt32BigEndian(_output[(Length + 4)..], ttl);
        var lengthAt = Length + 8;
        Length += 10;
        if (!TryWriteOctets(rdata.Head)
            || (rdata.First is { } first && !TryWriteName(first.Wire))
            || (rdata.Second is { } second && !TryWriteName(second.Wire))
            || !TryWriteOctets(rdata.Tail)) return Undo(mark);
        BinaryPrimitives.WriteUInt16BigEndian(_output[lengthAt..], (ushort)(Length - lengthAt - 2));
        _counts[(int)section]++;
        return true;
    }

    /// <summary>Adds OPT where the client spoke EDNS (always last, its room is kept), completes the header, returns the response's length.</summary>
    public int Finish()
    {
        if (_edns)
        {
            var opt = _output.Slice(Length, DnsWire.OptBytes);
            opt.Clear();
            BinaryPrimitives.WriteUInt16BigEndian(opt[1..], (ushort)DnsType.OPT);
            BinaryPrimitives.WriteUInt16BigEndian(opt[3..], OurUdpSize);
            opt[5] = (byte)((ushort)_rcode >> 4);
            Length += DnsWire.OptBytes;
            _counts[2]++;
        }

        BinaryPrimitives.WriteUInt16BigEndian(_output[2..], (ushort)(_flags | ((ushort)_rcode & 0xF)));
        for (var i = 0; i < 3; i++) BinaryPrimitives.WriteUInt16BigEndian(_output[(6 + (2 * i))..], _counts[i]);
        return Length;
    }

    /// <summary>A header alone with an error code, for what could not be parsed or is not done; returns its length.</summary>
    public static int WriteError(in DnsQuery query, DnsRcode rcode, Span<byte> output)
    {
        output[..DnsWire.HeaderBytes].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(output, query.Id);
        var flags = DnsWire.FlagResponse | (query.Flags & (DnsWire.OpcodeMask | DnsWire.FlagRecursionDesired)) | ((ushort)rcode & 0xF);
        BinaryPrimitives.WriteUInt16BigEndian(output[2..], (ushort)flags);
        return DnsWire.HeaderBytes;
    }

    private bool Undo(DnsMark mark)
    {
        Return(mark);
        return false;
    }

    private void SetFlag(ushort flag, bool value) => _flags = (ushort)(value ? _flags | flag : _flags & ~flag);

    private bool TryWriteOctets(ReadOnlySpan<byte> octets)
    {
        if (Length + octets.Length > _limit) return false;
        octets.CopyTo(_output[Length..]);
        Length += octets.Length;
        return true;
    }

    /// <summary>Labels until a suffix that already stands in the message, then a pointer to it.</summary>
    private bool TryWriteName(ReadOnlySpan<byte> name)
    {
        var start = Length;
        while (true)
        {
            if (name[0] == 0)
            {
                if (Length + 1 > _limit) return false;
                _output[Length++] = 0;
                break;
            }

            if (FindTarget(name) is var target and >= 0)
            {
                if (Length + 2 > _limit) return false;
                BinaryPrimitives.WriteUInt16BigEndian(_output[Length..], (ushort)(0xC000 | target));
                Length += 2;
                break;
            }

            var label = name[0] + 1;
            if (Length + label > _limit) return false;
            name[..label].CopyTo(_output[Length..]);
            Length += label;
            name = name[label..];
        }

        AddTargets(start);
        return true;
    }

    private readonly int FindTarget(ReadOnlySpan<byte> name)
    {
        for (var i = 0; i < _targetCount; i++)
            if (IsAt(_targets[i], name)) return _targets[i];
        return -1;
    }

    private readonly bool IsAt(int at, ReadOnlySpan<byte> name)
    {
        while (true)
        {
            var count = _output[at];
            if (count >= 0xC0)
            {
                at = ((count & 0x3F) << 8) | _output[at + 1];
                continue;
            }

            if (count != name[0]) return false;
            if (count == 0) return true;
            for (var i = 1; i <= count; i++)
                if (DnsName.Lower(_output[at + i]) != name[i]) return false;
            at += count + 1;
            name = name[(count + 1)..];
        }
    }

    /// <summary>Remembers each label start of the name just written, up to its end or pointer, where a pointer can reach it.</summary>
    private void AddTargets(int at)
    {
        while (_targetCount < _targets.Length && at < 0x4000 && _output[at] is > 0 and < 0xC0)
        {
            _targets[_targetCount++] = (ushort)at;
            at += _output[at] + 1;
        }
    }
}

/// <summary>A place in a response under way.</summary>
public readonly record struct DnsMark(int Length, int Targets, ushort Answers, ushort Authorities, ushort Additionals);
