using System.Globalization;

namespace MailBench.Model.Units;

/// <summary>Arrivals per second. Written <c>200/s</c>, <c>12/m</c> or <c>3600/h</c>.</summary>
public readonly record struct Rate(double PerSecond) : IComparable<Rate>
{
    /// <summary>Parses the written form; <c>false</c> when it is not a positive rate.</summary>
    public static bool TryParse(string? text, out Rate rate)
    {
        rate = default;
        var trimmed = text?.Trim() ?? "";
        var (unit, seconds) = trimmed switch
        {
            _ when trimmed.EndsWith("/s", StringComparison.Ordinal) => ("/s", 1.0),
            _ when trimmed.EndsWith("/m", StringComparison.Ordinal) => ("/m", 60.0),
            _ when trimmed.EndsWith("/h", StringComparison.Ordinal) => ("/h", 3600.0),
            _ => ("", 0.0),
        };
        if (seconds == 0 || !Quantity.TryNumber(trimmed.AsSpan(0, trimmed.Length - unit.Length), out var value) || value <= 0) return false;
        rate = new Rate(value / seconds);
        return true;
    }

    /// <summary>Parses the written form; throws <see cref="FormatException"/> that names the accepted forms.</summary>
    public static Rate Parse(string text) => TryParse(text, out var rate)
        ? rate
        : throw new FormatException($"'{text}' is not a rate; write for example 200/s or 12/m.");

    public int CompareTo(Rate other) => PerSecond.CompareTo(other.PerSecond);

    public override string ToString() => PerSecond.ToString("0.######", CultureInfo.InvariantCulture) + "/s";
}
