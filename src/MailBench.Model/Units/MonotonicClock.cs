using System.Diagnostics;

namespace MailBench.Model.Units;

/// <summary>
/// CLOCK_MONOTONIC in nanoseconds: on Linux the ticks of <see cref="TimeProvider.GetTimestamp"/> are exactly that, so stamps of several
/// processes of one boot compare. Wall time is only ever an anchor.
/// </summary>
public static class MonotonicClock
{
    private static readonly double NsPerTick = 1e9 / Stopwatch.Frequency;

    /// <summary>The clock's present reading in nanoseconds. For shells (loops, nodes, the runner); pure code is passed <c>nowNs</c>.</summary>
    public static long NowNs => ToNs(Stopwatch.GetTimestamp());

    public static long ToNs(long timestamp) => Stopwatch.Frequency == 1_000_000_000 ? timestamp : (long)(timestamp * NsPerTick);

    public static long ToNs(this TimeSpan span) => span.Ticks * 100;
}
