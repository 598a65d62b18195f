using System.Globalization;

namespace MailBench.Model.Units;

/// <summary>A line capacity in bits per second. Written <c>1.5Mbit/s</c>, <c>100kbit/s</c>, <c>1Gbit/s</c>; zero means unlimited and is written <c>unlimited</c>.</summary>
public readonly record struct BitRate(long BitsPerSecond) : IComparable<BitRate>
{
    private static readonly (string Suffix, long Factor)[] Suffixes =
    [
        ("Gbit/s", 1_000_000_000), ("Mbit/s", 1_000_000), ("kbit/s", 1_000), ("bit/s", 1),
    ];

    public static BitRate Unlimited => default;

    public bool IsUnlimited => BitsPerSecond == 0;

    /// <summary>Parses the written form; <c>false</c> when it is neither a positive rate nor <c>unlimited</c>.</summary>
    public static bool TryParse(string? text, out BitRate rate)
    {
        rate = default;
        if (string.Equals(text?.Trim(), "unlimited", StringComparison.OrdinalIgnoreCase)) return true;
        if (!Quantity.TryScale(text, Suffixes, out var value) || value < 1) return false;
        rate = new BitRate((long)Math.Round(value));
        return true;
    }

    /// <summary>Parses the written form; throws <see cref="FormatException"/> that names the accepted forms.</summary>
    public static BitRate Parse(string text) => TryParse(text, out var rate)
        ? rate
        : throw new FormatException($"'{text}' is not a line capacity; write for example 1.5Mbit/s, 100Mbit/s or unlimited.");

    public int CompareTo(BitRate other) => BitsPerSecond.CompareTo(other.BitsPerSecond);

    public override string ToString() => BitsPerSecond switch
    {
        0 => "unlimited",
        >= 1_000_000_000 => (BitsPerSecond / 1e9).ToString("0.###", CultureInfo.InvariantCulture) + "Gbit/s",
        >= 1_000_000 => (BitsPerSecond / 1e6).ToString("0.###", CultureInfo.InvariantCulture) + "Mbit/s",
        >= 1_000 => (BitsPerSecond / 1e3).ToString("0.###", CultureInfo.InvariantCulture) + "kbit/s",
        _ => BitsPerSecond.ToString(CultureInfo.InvariantCulture) + "bit/s",
    };
}
