namespace MailBench.Analysis.Figures;

/// <summary>The rows into which the course of a trial is cut: equal, as many as a plot can show, and none shorter than can be seen. What is left at the end is no row.</summary>
internal readonly struct CourseRows
{
    private const int Most = 160;
    private const double ShortestSeconds = 0.25;

    private readonly long _fromNs;
    private readonly long _widthNs;

    public CourseRows(long fromNs, long toNs)
    {
        _fromNs = fromNs;
        _widthNs = (long)(Math.Max(ShortestSeconds, (toNs - fromNs) / 1e9 / Most) * 1e9);
        Count = (int)((toNs - fromNs) / _widthNs);
    }

    public int Count { get; }

    public double Seconds => _widthNs / 1e9;

    public (long BeginNs, long EndNs) this[int row] => (_fromNs + row * _widthNs, _fromNs + (row + 1) * _widthNs);

    /// <summary>The row that a moment at or behind the begin lies in, or would.</summary>
    public long RowOf(long ns) => (ns - _fromNs) / _widthNs;
}
