using MailBench.Mta.Queue.Disk;

namespace MailBench.Mta.Queue.Segments;

/// <summary>
/// Calling rolls: the waiting messages of old segments and their states are written at the log's end, some with each group, from memory alone (<see cref="RollCall"/>).
/// </summary>
internal sealed partial class QueueDirectory
{
    /// <summary>In a group: each is a record, however small.</summary>
    private const int RollsPerTurn = 64;

    /// <summary>Those of the group at hand, then others to be used again. The first may have been begun with earlier groups.</summary>
    private readonly List<RollCall> _rolls = [];
    private int _planned;

    /// <summary>Makes the pieces of rolls that this group takes along; returns the octets of their records.</summary>
    private long PlanRolls()
    {
        _planned = 0;
        long bytes = 0;
        if (Reclamation.Step != ReclamationStep.CallRolls || shared.Time.GetTimestamp() < RefusedUntil) return 0;
        foreach (var target in Reclamation.Targets)
        {
            var segment = _segments[target];
            if (_planned == RollsPerTurn || bytes >= Settings.CompactionBytes || !TellEnd(segment)) break;
            if (_planned == _rolls.Count) _rolls.Add(new RollCall());
            var roll = _rolls[_planned++];
            if (!roll.IsOf(segment)) roll.Begin(segment);
            roll.Prepare(_places, Settings.CompactionBytes - bytes, _collected);
            bytes += RecordHeader.SizeOf(roll.Piece.Octets.Length);
            if (!roll.Ends) break;
        }

        return bytes;
    }

    private void AddRolls()
    {
        for (var i = 0; i < _planned; i++) _writer.AddRoll(_rolls[i].Piece.Octets);
    }

    /// <summary>The group is durable: what is not called to its end is gone on with first.</summary>
    private void RollsWritten(Segment written)
    {
        for (var i = 0; i < _planned; i++) _rolls[i].Written(written.Header.Sequence);
        if (_planned > 1) (_rolls[0], _rolls[_planned - 1]) = (_rolls[_planned - 1], _rolls[0]);
    }

    private void ForgetRolls()
    {
        foreach (var roll in _rolls) roll.Forget();
    }

    /// <summary>
    /// Where a segment ends stands in the header of the one behind it, which a roll may let go: so it is told in its own header first. That is one block, in a file whose records are durable and stay
    /// as they are.
    /// </summary>
    private bool TellEnd(Segment segment)
    {
        if (segment.EndTold) return true;
        try
        {
            WriteHeader(segment.File, segment.Header with { End = segment.End });
            return segment.EndTold = true;
        }
        catch (DiskException)
        {
            // Either header is right, but which of them will be there is unknown. Its messages are copied instead of called.
            segment.Damaged = true;
            _reclamation = null;
            return false;
        }
    }
}
