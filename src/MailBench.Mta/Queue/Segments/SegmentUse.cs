namespace MailBench.Mta.Queue.Segments;

/// <summary>What of a segment decides whether it is used again, emptied, or left alone.</summary>
/// <param name="Sequence">Its number in the log's order.</param>
/// <param name="RollFrom">See <see cref="Segment.RollFrom"/>: segments from this number on (it itself apart) are needed as long as this one is there.</param>
/// <param name="TakenBytes">Of the disk.</param>
/// <param name="LiveBytes">Records of messages that wait.</param>
/// <param name="Callable">Whether a roll may be called of it: not where a write or sync has failed, since its header cannot be trusted to say where it ends.</param>
internal readonly record struct SegmentUse(long Sequence, long RollFrom, long TakenBytes, long LiveBytes, int LiveCount, bool Callable);
