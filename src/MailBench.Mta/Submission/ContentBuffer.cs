using System.Collections;
using MailBench.Mta.Queue;

namespace MailBench.Mta.Submission;

/// <summary>
/// Content on its way in, trace header in front, in blocks of a <see cref="BlockPool"/>; as a list, its pieces for the queue. Once the queue has answered it may stay for the delivery, which then reads
/// no file. Owned by one at a time, who disposes it once: the session, the pending message, the queue entry. On the MTA's loop only; the committer reads while the message is pending.
/// </summary>
internal sealed class ContentBuffer(BlockPool pool) : IKeptContent, IReadOnlyList<ReadOnlyMemory<byte>>
{
    private readonly List<byte[]> _blocks = [];
    private ReceiveBudget? _charged;

    public long Length { get; private set; }

    /// <summary>Pieces.</summary>
    public int Count => _blocks.Count;

    public ReadOnlyMemory<byte> this[int index] => _blocks[index].AsMemory(0, index == _blocks.Count - 1 ? UsedOfLast : BlockPool.BlockBytes);

    private int UsedOfLast => (int)(Length - ((_blocks.Count - 1L) * BlockPool.BlockBytes));

    /// <summary>Appends a copy; false when the pool's limit does not allow it (nothing may be added afterwards, the content has a hole).</summary>
    public bool TryAdd(ReadOnlySpan<byte> octets)
    {
        while (!octets.IsEmpty)
        {
            var used = (int)(Length % BlockPool.BlockBytes);
            if (used == 0 && !TryGrow()) return false;
            var free = _blocks[^1].AsSpan(used);
            var take = Math.Min(free.Length, octets.Length);
            octets[..take].CopyTo(free);
            octets = octets[take..];
            Length += take;
        }

        return true;
    }

    public ReadOnlySpan<byte> PieceAt(long offset)
    {
        var block = (int)(offset / BlockPool.BlockBytes);
        return block >= _blocks.Count ? default : this[block].Span[(int)(offset % BlockPool.BlockBytes)..];
    }

    /// <summary>Charges it as kept, no longer as being received; false when as much is kept as may be.</summary>
    public bool TryKeep()
    {
        var bytes = (long)_blocks.Count * BlockPool.BlockBytes;
        if (!pool.Kept.TryTake(bytes)) return false;
        _charged!.GiveBack(bytes);
        _charged = pool.Kept;
        return true;
    }

    public void Dispose()
    {
        if (_charged is not { } charged) throw new ObjectDisposedException(nameof(ContentBuffer), "Content was given back twice.");
        _charged = null;
        charged.GiveBack((long)_blocks.Count * BlockPool.BlockBytes);
        foreach (var block in _blocks) pool.GiveBack(block);
        _blocks.Clear();
        Length = 0;
        pool.GiveBack(this);
    }

    public IEnumerator<ReadOnlyMemory<byte>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++) yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal void Begin() => _charged = pool.Received;

    private bool TryGrow()
    {
        if (pool.TakeBlock() is not { } block) return false;
        _blocks.Add(block);
        return true;
    }
}
