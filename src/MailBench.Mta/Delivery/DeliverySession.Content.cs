using MailBench.Transport;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Delivery;

// The content: streamed from the queue in pieces, no faster than the connection takes it, by DATA or as one chunk.
internal sealed partial class DeliverySession
{
    private ContentStuffer _stuffer;
    private long _offset;
    private bool _sending;

    public void OnContentWanted()
    {
        _stuffer = default;
        _offset = 0;
        _sending = true;
        if (_machine.IsChunked) _machine.BeginChunk(_now.ContentBytes, _connection!.Output);
        SendContent();
    }

    private void SendContent()
    {
        var connection = _connection!;
        Expect(180);
        while (connection.UnsentBytes < Connection.HighWaterBytes)
        {
            var left = _now.ContentBytes - _offset;
            if (left == 0)
            {
                EndContent(connection);
                return;
            }

            var wanted = (int)Math.Min(left, DeliveryStage.PieceBytes);
            if (_now.Converted is { } converted) Write(converted.AsSpan((int)_offset, wanted), connection);
            else if (_now.Entry.Kept is { } kept) Write(kept.PieceAt(_offset), connection);
            else if (TryReadPiece(_now.Entry, wanted, out var count)) Write(_stage.Piece.AsSpan(0, count), connection);
            else return;
        }
    }

    private void Write(ReadOnlySpan<byte> piece, Connection connection)
    {
        if (_machine.IsChunked) connection.Send(piece);
        else _stuffer.Write(piece, connection.Output);
        _offset += piece.Length;
    }

    private void EndContent(Connection connection)
    {
        if (!_machine.IsChunked) _stuffer.Finish(connection.Output);
        _sending = false;
        _now.ContentWhole = true;
        _machine.ContentSent();
        Expect(600);
        BeginAhead();
    }

    private bool TryReadPiece(Queue.QueueEntry entry, int wanted, out int count)
    {
        if (TryRead(entry, _offset, _stage.Piece.AsSpan(0, wanted), out count, out var why)) return true;
        AbandonContent(why!);
        return false;
    }

    private bool TryRead(Queue.QueueEntry entry, long offset, Span<byte> target, out int count, out string? why)
    {
        why = null;
        count = 0;
        try
        {
            count = _stage.Queue.ReadContent(entry, offset, target);
            if (count > 0) return true;
            why = $"it ends at octet {offset} of {entry.ContentBytes}";
        }
        catch (IOException unreadable)
        {
            why = unreadable.Message;
        }

        return false;
    }

    /// <summary>Our own queue fails us, which is no host's fault. The connection is cut, since an end of data would deliver half a message, and a chunk must be whole.</summary>
    private void AbandonContent(string why)
    {
        for (var i = 0; i < Batch.Count; i++)
        {
            if (Fates[i] == Fate.TooMany) ReturnTooMany(i, _now.Accepted);
            else if (Fates[i] != Fate.Settled) Settle(i, OutcomeKind.Deferred, null, "content", $"the content cannot be read from our queue: {why}", "4.3.0");
        }

        Finish(abort: true);
    }
}
