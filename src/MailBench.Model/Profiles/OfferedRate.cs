using System.Globalization;
using System.Text.RegularExpressions;
using MailBench.Model.Units;

namespace MailBench.Model.Profiles;

/// <summary>
/// An open model's rate of messages: absolute (<c>200/s</c>), or a share of what a sweep measured (<c>70% of saturated</c>), which the runner turns into a rate
/// when the point of that sweep at the same coordinates is done.
/// </summary>
public readonly partial record struct OfferedRate(Rate Absolute, double Share, string? Sweep)
{
    public static bool TryParse(string? text, out OfferedRate rate)
    {
        rate = default;
        if (Rate.TryParse(text, out var absolute))
        {
            rate = new OfferedRate(absolute, 0, null);
            return true;
        }

        var match = Derived().Match(text ?? "");
        if (!match.Success || !double.TryParse(match.Groups[1].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) || percent is <= 0 or > 1000)
            return false;
        rate = new OfferedRate(default, percent / 100, match.Groups[2].Value);
        return true;
    }

    /// <summary>The rate itself, or the share of <paramref name="whole"/>, which must be known then.</summary>
    public Rate Of(Rate? whole) => Sweep is null ? Absolute : new Rate(Share * (whole?.PerSecond ?? 0));

    public override string ToString() => Sweep is null ? Absolute.ToString() : $"{SettingForm.FormatShare(Share)} of {Sweep}";

    [GeneratedRegex(@"^\s*([0-9.]+)\s*%\s+of\s+([A-Za-z0-9][A-Za-z0-9_-]*)\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex Derived();
}
