using System.Numerics;
using System.Runtime.Intrinsics;

namespace MailBench.Wire.Smtp;

/// <summary>Why a scan stopped; all but End say something of the octet it stopped at.</summary>
internal enum ScanStop : byte
{
    /// <summary>All octets were scanned.</summary>
    End,

    /// <summary>A dot at the start of a line: stuffed, or the end of data.</summary>
    Dot,

    /// <summary>LF without CR before it.</summary>
    BareLf,

    /// <summary>The octet before this one was a CR, and this one is no LF.</summary>
    BareCr,

    /// <summary>The line is full before this octet.</summary>
    LongLine,
}

/// <summary>
/// Reads content for what matters to its framing: lines end in CRLF and nothing else (RFC 5321 §2.3.8), so a dot counts only behind one. Whole blocks without
/// anything to stop at are taken by vectors; the scalar step decides all the rest, so there is one definition of a stop. The state carries over pieces.
/// </summary>
internal struct ContentScanner
{
    /// <summary>The last octet was a CR whose LF is still to come.</summary>
    public readonly bool EndsInCr => _afterCr;

    private bool _inLine;
    private bool _afterCr;
    private long _lineLength;

    /// <summary>Returns how many octets stand before the stop. With <paramref name="maxLine"/> int.MaxValue and without <paramref name="refuseBare"/> only dots stop.</summary>
    public int Scan(ReadOnlySpan<byte> octets, long maxLine, bool refuseBare, out ScanStop stop)
    {
        stop = ScanStop.End;
        var at = 0;
        while (at < octets.Length)
        {
            at += ScanBlocks(octets[at..], maxLine, refuseBare);
            var end = Math.Min(octets.Length, at + Vector256<byte>.Count);
            for (; at < end; at++)
            {
                stop = Step(octets[at], maxLine, refuseBare);
                if (stop != ScanStop.End) return at;
            }
        }

        return at;
    }

    /// <summary>The dot that a scan stopped at was stuffing: the line goes on behind it. It does not count into the line's length (RFC 5321 §4.5.3.1.6).</summary>
    public void PassDot() => _inLine = true;

    private int ScanBlocks(ReadOnlySpan<byte> octets, long maxLine, bool refuseBare)
    {
        var at = 0;
        while (octets.Length - at >= Vector256<byte>.Count && _lineLength + Vector256<byte>.Count <= maxLine)
        {
            var block = Vector256.Create(octets.Slice(at, Vector256<byte>.Count));
            var cr = Vector256.Equals(block, Vector256.Create((byte)'\r')).ExtractMostSignificantBits();
            var lf = Vector256.Equals(block, Vector256.Create((byte)'\n')).ExtractMostSignificantBits();
            var behindCr = (cr << 1) | (_afterCr ? 1u : 0u);
            if (refuseBare && behindCr != lf) break;
            var ends = lf & behindCr;
            var starts = (ends << 1) | (_inLine ? 0u : 1u);
            if (starts != 0 && (Vector256.Equals(block, Vector256.Create((byte)'.')).ExtractMostSignificantBits() & starts) != 0) break;

            _afterCr = cr >> 31 != 0;
            _inLine = ends >> 31 == 0;
            _lineLength = ends == 0 ? _lineLength + Vector256<byte>.Count : BitOperations.LeadingZeroCount(ends);
            at += Vector256<byte>.Count;
        }

        return at;
    }

    private ScanStop Step(byte octet, long maxLine, bool refuseBare)
    {
        if (!_inLine && octet == (byte)'.') return ScanStop.Dot;
        if (refuseBare && _afterCr && octet != (byte)'\n') return ScanStop.BareCr;
        if (refuseBare && !_afterCr && octet == (byte)'\n') return ScanStop.BareLf;
        if (_lineLength >= maxLine) return ScanStop.LongLine;
        _inLine = !(octet == (byte)'\n' && _afterCr);
        _lineLength = _inLine ? _lineLength + 1 : 0;
        _afterCr = octet == (byte)'\r';
        return ScanStop.End;
    }
}
