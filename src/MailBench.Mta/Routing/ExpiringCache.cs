using System.Diagnostics.CodeAnalysis;

namespace MailBench.Mta.Routing;

/// <summary>
/// Values that live until a time, and are kept past it as long as they may be used in need; at most <paramref name="capacity"/> of them, the first to have come goes first. Time is any clock that
/// the caller keeps to.
/// </summary>
internal sealed class ExpiringCache<TKey, TValue>(int capacity, IEqualityComparer<TKey>? comparer = null)
    where TKey : notnull
    where TValue : class
{
    private readonly Dictionary<TKey, Entry> _entries = new(comparer);

    /// <summary>Every key of the table exactly once, in the order of its first coming.</summary>
    private readonly Queue<TKey> _order = new();

    public int Count => _entries.Count;

    public bool TryGet(TKey key, TimeSpan now, [NotNullWhen(true)] out TValue? value)
    {
        value = _entries.TryGetValue(key, out var entry) && entry.Expires > now ? entry.Value : null;
        return value is not null;
    }

    /// <summary>A value whose life may be over, but not the time for which it may be used in need.</summary>
    public bool TryGetStale(TKey key, TimeSpan now, [NotNullWhen(true)] out TValue? value)
    {
        value = _entries.TryGetValue(key, out var entry) && entry.Ends > now ? entry.Value : null;
        return value is not null;
    }

    /// <summary>Keeps a value, and <paramref name="need"/> longer for <see cref="TryGetStale"/>; one that has no life left is not kept.</summary>
    public void Set(TKey key, TValue value, TimeSpan now, TimeSpan life, TimeSpan need = default)
    {
        if (life <= TimeSpan.Zero) return;
        if (!_entries.ContainsKey(key))
        {
            if (_entries.Count == capacity) _entries.Remove(_order.Dequeue());
            _order.Enqueue(key);
        }

        _entries[key] = new Entry(value, now + life, now + life + need);
    }

    /// <summary>Lets a value that <see cref="TryGetStale"/> gave be got again for a while, in another form; when it ends at last does not change.</summary>
    public void Revive(TKey key, TValue value, TimeSpan now, TimeSpan life)
    {
        var ends = _entries[key].Ends;
        _entries[key] = new Entry(value, now + life < ends ? now + life : ends, ends);
    }

    private readonly record struct Entry(TValue Value, TimeSpan Expires, TimeSpan Ends);
}
