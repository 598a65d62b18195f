using MailBench.Analysis.Verdicts;
using MailBench.Model.Records;
using MailBench.Model.Searching;

namespace MailBench.Analysis.Figures;

/// <summary>What the searches of a run found: each is replayed over its tries, as the runner did, by the same pure search. Pure.</summary>
internal static class SustainableRates
{
    /// <param name="header">The run.</param>
    /// <param name="points">Its trials, a search's in the order of their repetitions.</param>
    public static IReadOnlyList<SustainableFigures> Of(RunHeader header, IReadOnlyList<PointSummary> points)
    {
        var variant = Variant.Among(points.Where(point => point.Try is not null));
        return [.. points.Where(point => point.Try is not null).GroupBy(point => point.Point).Select(tries => Of(new PointSettings(header.Points.First(planned => planned.Point == tries.Key)), [.. tries], variant(tries.First())))];
    }

    private static SustainableFigures Of(PointSettings settings, IReadOnlyList<PointSummary> tries, string variant)
    {
        var criteria = settings.Criteria;
        var most = tries.Select(point => point.Try!.Mark?.MostPerSecond).OfType<double>().FirstOrDefault();
        var search = new SustainableSearch(most, settings.Resolution);
        foreach (var tried in tries)
            if (tried.Try is { Mark: { } mark, Verdict: var verdict }) search.Took(mark, verdict);
        // A try that could not begin has no rate: its search has none either.
        var begun = tries.All(tried => tried.Try!.Mark is not null);
        var end = begun ? search.End : SearchEnd.Void;
        var telling = end == SearchEnd.Void ? tries.LastOrDefault(tried => tried.Void || tried.Try!.Verdict == TryVerdict.Void) : tries.LastOrDefault(tried => tried.Try is { Verdict: TryVerdict.NotCarried } no && no.Mark?.PerSecond == search.High);
        return new SustainableFigures
        {
            Point = tries[0].Point,
            Sweep = tries[0].Sweep,
            Variant = variant,
            CapacityBitsPerSecond = tries[0].CapacityBitsPerSecond,
            RecipientsPerMessage = tries[0].RecipientsPerMessage,
            Criteria = criteria,
            Resolution = settings.Resolution,
            MostPerSecond = begun ? most : null,
            End = end,
            LowPerSecond = search.Low,
            HighPerSecond = search.High,
            Disagrees = search.Disagrees,
            Rates = tries.Select(tried => tried.Try!.Mark?.PerSecond).Distinct().Count(),
            Tries = tries.Count,
            WindowSeconds = tries.Max(tried => tried.WindowSeconds),
            WindowNeededSeconds = Math.Max(criteria.AcceptedMs, criteria.DeliveredMs) / 1000 / settings.Resolution,
            Limit = end == SearchEnd.Void ? null : telling?.Bottleneck,
            Reason = telling is null ? null : string.Join("; ", telling.Try!.Reasons),
            Flags = [.. tries.Where(tried => tried.Try!.Mark?.PerSecond is { } rate && (rate == search.Low || rate == search.High)).SelectMany(Gates.BesideSteadiness).DistinctBy(KindOf)],
        };
    }

    /// <summary>A flag up to its figures.</summary>
    private static string KindOf(string flag) => flag.IndexOfAny([.. "0123456789:"]) is var end and >= 0 ? flag[..end] : flag;
}
