using System.Text.Json.Nodes;
using HdrHistogram;

namespace MailBench.Peers.Load;

/// <summary>Latencies in nanoseconds, 1 µs to an hour with three digits. What is longer is an hour, and an hour stands for never. On one thread.</summary>
internal sealed class LatencyHistogram
{
    private const long MostNs = 3_600_000_000_000;

    private readonly LongHistogram _histogram = new(1_000, MostNs, 3);

    public void Record(long ns) => _histogram.RecordValue(Math.Clamp(ns, 0, MostNs));

    public void RecordNever() => _histogram.RecordValue(MostNs);

    /// <summary><c>p50 p90 p99 p999 max</c> in milliseconds; null where nothing was measured.</summary>
    public static JsonObject Percentiles(LatencyHistogram? histogram)
    {
        var measured = histogram is { _histogram.TotalCount: > 0 } ? histogram._histogram : null;
        return new JsonObject
        {
            ["p50"] = Ms(measured?.GetValueAtPercentile(50)),
            ["p90"] = Ms(measured?.GetValueAtPercentile(90)),
            ["p99"] = Ms(measured?.GetValueAtPercentile(99)),
            ["p999"] = Ms(measured?.GetValueAtPercentile(99.9)),
            ["max"] = Ms(measured?.GetMaxValue()),
        };
    }

    private static JsonValue? Ms(long? ns) => ns is { } value ? JsonValue.Create(Math.Round(value / 1e6, 4)) : null;
}
