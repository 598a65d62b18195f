using System.Globalization;
using MailBench.Model.Records;

namespace MailBench.Runs.CrossCheck;

/// <summary>What one pair of injector and sink measured of a system, per second.</summary>
internal readonly record struct ToolRates(double Accepted, double Delivered);

/// <summary>Whether two independent instruments say the same of one system. Pure.</summary>
internal static class CrossCheckFindings
{
    private const string Agreement = "medians within 3 %, or each in the other's range";

    /// <summary>The method's practical threshold: a smaller difference matters to nobody.</summary>
    private const double Threshold = 0.03;

    /// <summary>A range wider than this share of its median tells nothing: almost everything would agree with it.</summary>
    private const double WidestRange = 0.6;

    /// <summary>A row for acceptance and one for delivery. The lists are parallel: element i of both was measured one after the other.</summary>
    public static IReadOnlyList<ProbeFinding> Of(IReadOnlyList<ToolRates> ours, IReadOnlyList<ToolRates> theirs) =>
    [
        Row("accepted messages/s", [.. ours.Select(rates => rates.Accepted)], [.. theirs.Select(rates => rates.Accepted)]),
        Row("delivered messages/s", [.. ours.Select(rates => rates.Delivered)], [.. theirs.Select(rates => rates.Delivered)]),
    ];

    private static ProbeFinding Row(string question, double[] ours, double[] theirs)
    {
        Array.Sort(ours);
        Array.Sort(theirs);
        var (our, their) = (Median(ours), Median(theirs));
        var verdict = Spread(ours) > WidestRange || Spread(theirs) > WidestRange ? ProbeFinding.NotShown
            : Math.Abs(our / their - 1) <= Threshold || (our >= theirs[0] && our <= theirs[^1] && their >= ours[0] && their <= ours[^1]) ? ProbeFinding.Agrees
            : ProbeFinding.Differs;
        var noise = verdict == ProbeFinding.NotShown ? "; the ranges are too wide to tell anything" : "";
        return new ProbeFinding(
            ProbeFinding.CrossCheck, question, Agreement, string.Create(CultureInfo.InvariantCulture, $"{ours.Length} interleaved pairs"),
            string.Create(CultureInfo.InvariantCulture, $"MailBench {Said(ours)}, smtp-source and smtp-sink {Said(theirs)}: {(their > 0 ? our / their : double.NaN):0.00} ×{noise}"), verdict);
    }

    private static string Said(double[] sorted) => string.Create(CultureInfo.InvariantCulture, $"{Median(sorted):#,0} ({sorted[0]:#,0}–{sorted[^1]:#,0})");

    private static double Spread(double[] sorted) => Median(sorted) > 0 ? (sorted[^1] - sorted[0]) / Median(sorted) : double.PositiveInfinity;

    private static double Median(double[] sorted) => (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
}
