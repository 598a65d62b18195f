namespace MailBench.Mta.Queue.Segments;

/// <summary>The calling of a segment's roll, in pieces: the piece that is to be written, and how far it has got.</summary>
internal sealed class RollCall
{
    private Segment? _segment;
    private long _sequence;

    /// <summary>Number of the segment that holds the first piece; 0: none is written yet.</summary>
    private long _firstIn;

    /// <summary>The piece at hand, and the offsets between which it calls.</summary>
    public Roll Piece { get; } = new();
    private long From { get; set; }
    private long To { get; set; }

    /// <summary>Whether the piece at hand is the last.</summary>
    public bool Ends => To == long.MaxValue;

    /// <summary>Whether it has begun with this segment, which has not been used again since.</summary>
    public bool IsOf(Segment segment) => _segment == segment && _sequence == segment.Header.Sequence;

    public void Begin(Segment segment) => (_segment, _sequence, _firstIn, From, To) = (segment, segment.Header.Sequence, 0, 0, 0);

    /// <summary>What is written of it does not count: it is begun again.</summary>
    public void Forget() => _segment = null;

    /// <summary>Makes the next piece, of so many octets or one message more.</summary>
    public void Prepare(PlaceTable places, long bytes, List<(int Place, long Id)> collected)
    {
        collected.Clear();
        places.CollectBetween(_segment!, From, long.MaxValue, collected);
        Piece.Begin(_sequence, From);
        To = long.MaxValue;
        foreach (var (place, _) in collected)
        {
            if (Piece.Octets.Length >= bytes)
            {
                To = places.LocationOf(place).RecordOffset;
                break;
            }

            places.Call(place, Piece);
        }

        Piece.End(To);
    }

    /// <summary>The piece is durable, in the segment with that number. With the last one, what was said of the messages before the first is needed no more.</summary>
    public void Written(long sequence)
    {
        if (_firstIn == 0) _firstIn = sequence;
        From = To;
        if (!Ends) return;
        _segment!.RollFrom = _firstIn;
        Forget();
    }
}
