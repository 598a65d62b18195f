using System.Globalization;

namespace MailBench.Model.Units;

/// <summary>Reads and writes spans of time: <c>250us</c>, <c>20ms</c>, <c>7s</c>, <c>5m</c>, <c>2h</c>, <c>5d</c>; zero is <c>0s</c>.</summary>
public static class Duration
{
    private static readonly (string Suffix, long Factor)[] Suffixes =
    [
        ("us", TimeSpan.TicksPerMicrosecond), ("ms", TimeSpan.TicksPerMillisecond), ("s", TimeSpan.TicksPerSecond),
        ("m", TimeSpan.TicksPerMinute), ("h", TimeSpan.TicksPerHour), ("d", TimeSpan.TicksPerDay),
    ];

    /// <summary>Parses the written form; <c>false</c> when it is not a non-negative span with a unit.</summary>
    public static bool TryParse(string? text, out TimeSpan span)
    {
        span = default;
        if (!Quantity.TryScale(text, Suffixes, out var ticks)) return false;
        span = TimeSpan.FromTicks((long)Math.Round(ticks));
        return true;
    }

    /// <summary>Parses the written form; throws <see cref="FormatException"/> that names the accepted forms.</summary>
    public static TimeSpan Parse(string text) => TryParse(text, out var span)
        ? span
        : throw new FormatException($"'{text}' is not a duration; write for example 20ms, 7s, 5m or 2h.");

    /// <summary>For a sentence: <c>0.5 s</c>, <c>90 s</c>, <c>5 min</c>, <c>2 h</c>.</summary>
    public static string Spoken(double seconds)
    {
        var (value, unit) = seconds switch
        {
            >= 3600 when seconds % 3600 == 0 => (seconds / 3600, "h"),
            >= 60 when seconds % 60 == 0 => (seconds / 60, "min"),
            _ => (seconds, "s"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.###} {unit}");
    }

    /// <summary>The shortest written form that <see cref="Parse"/> reads back exactly.</summary>
    public static string Format(TimeSpan span)
    {
        if (span == TimeSpan.Zero) return "0s";
        for (var i = Suffixes.Length - 1; i >= 0; i--)
        {
            var (suffix, factor) = Suffixes[i];
            if (span.Ticks % factor == 0) return (span.Ticks / factor).ToString(CultureInfo.InvariantCulture) + suffix;
        }

        return (span.Ticks / (double)TimeSpan.TicksPerMicrosecond).ToString("0.#", CultureInfo.InvariantCulture) + "us";
    }
}
