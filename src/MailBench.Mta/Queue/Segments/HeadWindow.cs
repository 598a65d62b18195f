namespace MailBench.Mta.Queue.Segments;

/// <summary>
/// Reads heads of records for who goes through a log in order: a piece of a segment at a time instead of a call for each head. What it gives may be as old as the piece. Not for several threads at once.
/// </summary>
internal sealed class HeadWindow
{
    private readonly byte[] _octets = new byte[1 << 17];
    private Segment? _segment;
    private long _offset;
    private int _filled;

    /// <summary>Octets read, as <see cref="Disk.IDiskFile.Read"/>.</summary>
    public int Read(Segment segment, Span<byte> target, long offset)
    {
        if (target.Length > _octets.Length) return segment.File.Read(target, offset);
        if (segment != _segment || offset < _offset || offset + target.Length > _offset + _filled)
        {
            _segment = null;
            _filled = segment.File.Read(_octets, offset);
            (_segment, _offset) = (segment, offset);
        }

        var from = (int)(offset - _offset);
        var length = Math.Min(target.Length, _filled - from);
        _octets.AsSpan(from, length).CopyTo(target);
        return length;
    }
}
