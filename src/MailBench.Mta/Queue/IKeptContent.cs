namespace MailBench.Mta.Queue;

/// <summary>Content that is still in memory since its message was just accepted. On the MTA's loop only.</summary>
internal interface IKeptContent : IDisposable
{
    /// <summary>The octets from an offset, as far as they are in one piece; empty at the end. Valid until disposal.</summary>
    ReadOnlySpan<byte> PieceAt(long offset);
}
