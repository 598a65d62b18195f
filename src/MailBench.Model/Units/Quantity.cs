using System.Globalization;

namespace MailBench.Model.Units;

/// <summary>A decimal number followed by one of several unit suffixes; shared by the unit types.</summary>
internal static class Quantity
{
    public static bool TryNumber(ReadOnlySpan<char> text, out double value) =>
        double.TryParse(text.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    /// <summary>Multiplies the number by the factor of the longest suffix that ends the text; <c>false</c> beyond 2^62.</summary>
    public static bool TryScale(string? text, ReadOnlySpan<(string Suffix, long Factor)> suffixes, out double scaled)
    {
        scaled = 0;
        var trimmed = text.AsSpan().Trim();
        var best = -1;
        for (var i = 0; i < suffixes.Length; i++)
            if (trimmed.EndsWith(suffixes[i].Suffix, StringComparison.Ordinal) && (best < 0 || suffixes[i].Suffix.Length > suffixes[best].Suffix.Length))
                best = i;
        if (best < 0 || !TryNumber(trimmed[..^suffixes[best].Suffix.Length], out var number)) return false;
        scaled = number * suffixes[best].Factor;
        return scaled <= 1L << 62;
    }
}
