using System.Buffers;

namespace MailBench.Mta.Submission;

/// <summary>
/// Content on its way in, in pooled pieces that are charged to a <see cref="ReceiveBudget"/>. It owns the pieces until <see cref="Dispose"/>, which its owner calls once: when
/// the transaction is void, or when the queue has answered. On the MTA's loop only.
/// </summary>
internal sealed class ContentBuffer(ReceiveBudget budget) : IDisposable
{
    private const int SmallestPiece = 4 << 10;
    private const int LargestPiece = 64 << 10;

    private readonly List<byte[]> _pieces = [];
    private int _usedOfLast;
    private long _charged;

    public long Length { get; private set; }

    /// <summary>Appends a copy; false when the budget does not allow it (nothing may be added afterwards, the content has a hole).</summary>
    public bool TryAdd(ReadOnlySpan<byte> octets)
    {
        while (!octets.IsEmpty)
        {
            if (_pieces.Count == 0 || _usedOfLast == _pieces[^1].Length)
                if (!TryGrow(octets.Length)) return false;
            var free = _pieces[^1].AsSpan(_usedOfLast);
            var take = Math.Min(free.Length, octets.Length);
            octets[..take].CopyTo(free);
            octets = octets[take..];
            _usedOfLast += take;
            Length += take;
        }

        return true;
    }

    /// <summary>The content behind <paramref name="head"/>, for the queue; valid until <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte>[] After(ReadOnlyMemory<byte> head)
    {
        var content = new ReadOnlyMemory<byte>[1 + _pieces.Count];
        content[0] = head;
        for (var i = 0; i < _pieces.Count; i++) content[i + 1] = i == _pieces.Count - 1 ? _pieces[i].AsMemory(0, _usedOfLast) : _pieces[i];
        return content;
    }

    public void Dispose()
    {
        foreach (var piece in _pieces) ArrayPool<byte>.Shared.Return(piece);
        _pieces.Clear();
        budget.GiveBack(_charged);
        _charged = 0;
    }

    /// <summary>Pieces double with the content, so that a short message holds little and a long one is in few.</summary>
    private bool TryGrow(int wanted)
    {
        var size = (int)Math.Clamp(Math.Max(wanted, Length), SmallestPiece, LargestPiece);
        var piece = ArrayPool<byte>.Shared.Rent(size);
        if (!budget.TryTake(piece.Length))
        {
            ArrayPool<byte>.Shared.Return(piece);
            return false;
        }

        _charged += piece.Length;
        _pieces.Add(piece);
        _usedOfLast = 0;
        return true;
    }
}
