namespace MailBench.Mta.Submission;

/// <summary>
/// Blocks of memory for content, used again and again, since a large MTA in balance must not give the garbage collector its mail. Content being received is charged to <see cref="Received"/>; content
/// that is kept for its delivery to <see cref="Kept"/>. On the MTA's loop only, but for what the committer reads meanwhile.
/// </summary>
internal sealed class BlockPool(long receivedLimitBytes, long keptLimitBytes)
{
    /// <summary>Two or three hold a mail of today's usual 4 KiB, and little of the last one is lost.</summary>
    public const int BlockBytes = 2 << 10;

    private readonly Stack<byte[]> _blocks = new();
    private readonly Stack<ContentBuffer> _buffers = new();
    private readonly int _maxSpare = (int)Math.Min(keptLimitBytes / BlockBytes, 1 << 20);

    public ReceiveBudget Received { get; } = new(receivedLimitBytes);
    public ReceiveBudget Kept { get; } = new(keptLimitBytes);

    /// <summary>An empty buffer, its owner's until it is disposed, once.</summary>
    public ContentBuffer Rent()
    {
        if (!_buffers.TryPop(out var buffer)) buffer = new ContentBuffer(this);
        buffer.Begin();
        return buffer;
    }

    /// <summary>A block, its octets of any value; null beyond the limit.</summary>
    internal byte[]? TakeBlock()
    {
        if (!Received.TryTake(BlockBytes)) return null;
        return _blocks.TryPop(out var block) ? block : GC.AllocateUninitializedArray<byte>(BlockBytes);
    }

    internal void GiveBack(byte[] block)
    {
        if (_blocks.Count < _maxSpare) _blocks.Push(block);
    }

    internal void GiveBack(ContentBuffer buffer)
    {
        if (_buffers.Count < _maxSpare) _buffers.Push(buffer);
    }
}
