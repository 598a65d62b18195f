using MailBench.Transport;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Delivery;

// The content: streamed from the queue in pieces, no faster than the connection takes it. Content with octets above 127 goes as it is even to a host that does not offer
// 8BITMIME (then without BODY): every host of today passes it, and a conversion would change what the sender wrote.
internal sealed partial class DeliverySession
{
    private ContentStuffer _stuffer;
    private long _offset;
    private bool _sending;

    /// <summary>The final dot was written in this transaction.</summary>
    private bool _contentWhole;

    public void OnContentWanted()
    {
        _stuffer = default;
        _offset = 0;
        _sending = true;
        SendContent();
    }

    private void SendContent()
    {
        var connection = _connection!;
        var entry = Entry;
        Expect(180);
        while (connection.UnsentBytes < Connection.HighWaterBytes)
        {
            var left = entry.ContentBytes - _offset;
            if (left == 0)
            {
                EndContent(connection);
                return;
            }

            if (entry.Kept is { } kept) Write(kept.PieceAt(_offset), connection);
            else if (TryReadPiece(entry, (int)Math.Min(left, DeliveryStage.PieceBytes), out var count)) Write(_stage.Piece.AsSpan(0, count), connection);
            else return;
        }
    }

    private void Write(ReadOnlySpan<byte> piece, Connection connection)
    {
        _stuffer.Write(piece, connection.Output);
        _offset += piece.Length;
    }

    private void EndContent(Connection connection)
    {
        _stuffer.Finish(connection.Output);
        _sending = false;
        _contentWhole = true;
        _machine.ContentSent();
        Expect(600);
    }

    private bool TryReadPiece(Queue.QueueEntry entry, int wanted, out int count)
    {
        count = 0;
        string why;
        try
        {
            count = _stage.Queue.ReadContent(entry, _offset, _stage.Piece.AsSpan(0, wanted));
            if (count > 0) return true;
            why = $"it ends at octet {_offset} of {entry.ContentBytes}";
        }
        catch (IOException unreadable)
        {
            why = unreadable.Message;
        }

        AbandonContent(why);
        return false;
    }

    /// <summary>Our own queue fails us, which is no host's fault. The connection is cut, since an end of data would deliver half a message.</summary>
    private void AbandonContent(string why)
    {
        for (var i = 0; i < Batch.Count; i++)
        {
            if (_fates[i] == Fate.TooMany) ReturnTooMany(i, _accepted);
            else if (_fates[i] != Fate.Settled) Settle(i, OutcomeKind.Deferred, null, "content", $"the content cannot be read from our queue: {why}", "4.3.0");
        }

        Finish(abort: true);
    }
}
