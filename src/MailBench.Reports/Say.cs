using System.Globalization;
using MailBench.Model.Records;
using MailBench.Model.Units;

namespace MailBench.Reports;

/// <summary>How figures are written: three significant digits where digits would pretend more, a dash for what is not there.</summary>
internal static class Say
{
    public const string None = "–";

    public static string Number(double? value) => value switch
    {
        null => None,
        var v when double.IsInfinity(v.Value) => "∞",
        var v when Math.Abs(v.Value) >= 1000 => v.Value.ToString("#,0", CultureInfo.InvariantCulture),
        var v when Math.Abs(v.Value) >= 100 => v.Value.ToString("0", CultureInfo.InvariantCulture),
        var v when Math.Abs(v.Value) >= 10 => v.Value.ToString("0.0", CultureInfo.InvariantCulture),
        var v when Math.Abs(v.Value) >= 1 => v.Value.ToString("0.00", CultureInfo.InvariantCulture),
        var v when v.Value == 0 => "0",
        var v => v.Value.ToString("0.####", CultureInfo.InvariantCulture),
    };

    public static string Count(long count) => count.ToString("#,0", CultureInfo.InvariantCulture);

    public static string Percent(double? share) => share is { } s ? (s * 100).ToString("0.0", CultureInfo.InvariantCulture) + " %" : None;

    /// <summary>A share as profiles write it: whole per cent where it is.</summary>
    public static string Share(double share) => (share * 100).ToString("0.#", CultureInfo.InvariantCulture) + " %";

    /// <summary>A percentile; a dash where there is none, or too few observations for it.</summary>
    public static string Ms(Percentiles? percentiles, double share) => percentiles?.At(share) is { } ms ? Ms(ms) : None;

    public static string Ms(double ms) => double.IsInfinity(ms) ? "never" : ms >= 10_000 ? Number(ms / 1000) + " s" : Number(ms) + " ms";

    public static string Capacity(long bits) => bits == 0 ? "no line" : new BitRate(bits).ToString().Replace("bit/s", " bit/s", StringComparison.Ordinal).Replace("M bit", " Mbit", StringComparison.Ordinal).Replace("k bit", " kbit", StringComparison.Ordinal).Replace("G bit", " Gbit", StringComparison.Ordinal);

    /// <summary>How often users poll.</summary>
    public static string Interval(double? seconds) => seconds is { } known ? Duration.Spoken(known) : None;

    /// <summary>The load's model, with the share of saturation that was asked for, or that it changed.</summary>
    public static string Load(PointSummary point) => point.OfferedShare is { } share ? $"{point.LoadModel} {Share(share)}" : point.Course is null ? point.LoadModel : $"{point.LoadModel}, stages";

    /// <summary>The point's place in its sweep, load values that only follow the line left out.</summary>
    public static string Where(PointSummary point) => point.Axes.Count == 0
        ? point.Sweep
        : string.Join(", ", point.Axes.Where(a => !a.Key.StartsWith("load.", StringComparison.Ordinal)).Select(a => a.Value));
}
