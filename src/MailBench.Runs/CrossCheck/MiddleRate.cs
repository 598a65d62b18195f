namespace MailBench.Runs.CrossCheck;

/// <summary>
/// How fast a count goes to a known end, without its beginning, in which programs start and sessions open, and without its last tenth, in which not all sessions have work any more. Pure.
/// </summary>
internal sealed class MiddleRate(long messages)
{
    private const double From = 0.2, To = 0.9;

    private (long AtNs, double Count)? _begin, _end;

    /// <summary>Messages per second; null while its middle has not passed, or passed between two looks.</summary>
    public double? PerSecond => _begin is { } begin && _end is { } end ? (end.Count - begin.Count) / ((end.AtNs - begin.AtNs) / 1e9) : null;

    /// <summary>The count as it was at <paramref name="nowNs"/>; in order.</summary>
    public void Saw(long nowNs, double count)
    {
        if (_begin is null)
        {
            if (count >= From * messages) _begin = (nowNs, count);
        }
        else if (_end is null && count >= To * messages)
        {
            _end = (nowNs, count);
        }
    }
}
