using System.Buffers;
using System.Numerics;

namespace MailBench.Transport.Line;

/// <summary>A first-in first-out ring of octets, pooled, and without an array while it is empty.</summary>
internal sealed class OctetQueue
{
    private const int FirstBytes = 8 << 10;

    private byte[] _ring = [];
    private int _head;

    public int Count { get; private set; }

    public void Append(ReadOnlySpan<byte> octets)
    {
        Reserve(octets.Length);
        var tail = (_head + Count) & (_ring.Length - 1);
        var first = Math.Min(octets.Length, _ring.Length - tail);
        octets[..first].CopyTo(_ring.AsSpan(tail));
        octets[first..].CopyTo(_ring);
        Count += octets.Length;
    }

    /// <summary>Moves the oldest <paramref name="count"/> octets to a connection's output.</summary>
    public void MoveTo(Connection target, int count)
    {
        var first = Math.Min(count, _ring.Length - _head);
        target.Send(_ring.AsSpan(_head, first));
        target.Send(_ring.AsSpan(0, count - first));
        _head = (_head + count) & (_ring.Length - 1);
        Count -= count;
        if (Count == 0) Clear();
    }

    public void Clear()
    {
        if (_ring.Length > 0) ArrayPool<byte>.Shared.Return(_ring);
        _ring = [];
        _head = Count = 0;
    }

    private void Reserve(int more)
    {
        if (_ring.Length - Count >= more && _ring.Length > 0) return;

        // The shared pool's arrays have power-of-two lengths; asking for one gives exactly that.
        var larger = ArrayPool<byte>.Shared.Rent((int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(Count + more, FirstBytes)));
        var first = Math.Min(Count, _ring.Length - _head);
        _ring.AsSpan(_head, first).CopyTo(larger);
        _ring.AsSpan(0, Count - first).CopyTo(larger.AsSpan(first));
        if (_ring.Length > 0) ArrayPool<byte>.Shared.Return(_ring);
        _ring = larger;
        _head = 0;
    }
}
