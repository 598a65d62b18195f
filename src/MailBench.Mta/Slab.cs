namespace MailBench.Mta;

/// <summary>
/// Rows of a struct by number, in pages that are never moved: a million of them are a few hundred arrays to the garbage collector, and growing copies nothing.
/// A removed row's number is given out again; when none is in use any more, all pages but one are given back. Not for several threads at once.
/// </summary>
internal sealed class Slab<T>
    where T : struct
{
    private const int PageBits = 12;
    private const int PageRows = 1 << PageBits;

    /// <summary>Stands for pages that were given back: who still asks for a row that has long been removed reads an empty one.</summary>
    private static readonly T[] Nothing = new T[PageRows];

    private readonly List<T[]> _pages = [];
    private readonly Stack<int> _free = new();

    /// <summary>Rows in use.</summary>
    public int Count { get; private set; }

    /// <summary>Numbers given out so far are below it, those of removed rows included.</summary>
    public int End { get; private set; }

    public ref T this[int row] => ref _pages[row >> PageBits][row & (PageRows - 1)];

    /// <summary>A row with nothing in it.</summary>
    public int Add()
    {
        Count++;
        if (_free.TryPop(out var row)) return row;
        var page = End >> PageBits;
        if (page == _pages.Count) _pages.Add(new T[PageRows]);
        else if (_pages[page] == Nothing) _pages[page] = new T[PageRows];
        return End++;
    }

    public void Remove(int row)
    {
        this[row] = default;
        _free.Push(row);
        if (--Count == 0 && End > PageRows) GiveBack();
    }

    private void GiveBack()
    {
        for (var page = 1; page < _pages.Count; page++) _pages[page] = Nothing;
        _free.Clear();
        _free.TrimExcess();
        End = 0;
    }
}
