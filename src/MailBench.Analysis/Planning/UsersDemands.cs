using MailBench.Analysis.Figures;
using MailBench.Model.Profiles;
using MailBench.Model.Records;

namespace MailBench.Analysis.Planning;

/// <summary>
/// How many users would be carried where nobody measured (method: Users): N = P·C ÷ D for each resource, with D what a poll needed of it at the points of a variant that had room. The high end, P·C over the
/// least demand, knows no waiting; the low end takes the largest demand, and of the capacity only the share up to which users were seen to be carried.
/// </summary>
internal static class UsersDemands
{
    /// <summary>Up to half of a resource, response is at its plateau (method: knee): so much may be filled where nobody showed more.</summary>
    private const double Plateau = 0.5;

    /// <summary>The spread of a single point: what the gates let a probe move before they flag it (method: run conditions).</summary>
    private const double LoneSpread = 0.10;

    /// <summary>Null: nothing to compute it from, or what was measured does not scale.</summary>
    public static CapacityExtrapolation? Extrapolate(UsersVariant variant, CapacityQuestion question, LineCapacity line)
    {
        if (variant.AllAtOnce) return null;
        var points = variant.Points.Where(point => !point.Void && (variant.LineOf(point).IsUnlimited == line.IsUnlimited) && (!variant.HoldsSessions || SameInterval(point.IntervalSeconds, question.IntervalSeconds))).ToList();
        var roomy = points.Where(point => point.Polls!.RoomyDemands.Count > 0).ToList();
        var terms = roomy.SelectMany(point => point.Polls!.RoomyDemands).GroupBy(row => row.Resource)
            .Select(rows => TermOf(rows.Key, [.. rows], question, line, Filled(rows.Key, variant, points, question, line))).OfType<CapacityTerm>().OrderBy(term => term.UsersHigh).ToList();
        if (terms.Count == 0) return null;
        var whole = new CapacityExtrapolation
        {
            UsersLow = terms.Min(term => term.UsersLow),
            UsersHigh = terms[0].UsersHigh,
            Limit = terms[0].Resource,
            MostUsers = points.SelectMany(point => UsersEvidence.Of(point, question.WithinMs)).Select(trial => trial.Users).DefaultIfEmpty(0).Max(),
            Points = [.. roomy.Select(point => point.Point).Distinct().Order()],
            Flags = [.. roomy.SelectMany(point => point.Flags).Distinct()],
            Terms = terms,
        };
        return Bounded(whole, variant, points, question, line);
    }

    public static bool SameInterval(double? one, double other) => one is { } seconds && Math.Abs(seconds - other) <= 1e-9 * Math.Max(seconds, other);

    private static CapacityTerm? TermOf(string resource, IReadOnlyList<Utilisation> rows, CapacityQuestion question, LineCapacity line, double filled)
    {
        var demands = rows.Select(row => row.Demand).Where(demand => demand > 0 && double.IsFinite(demand)).ToList();
        var capacity = resource switch
        {
            Utilisations.LineForward => line.Forward.BitsPerSecond,
            Utilisations.LineReverse => line.Reverse.BitsPerSecond,
            _ => rows.Min(row => row.Capacity) ?? 0,
        };
        if (demands.Count == 0 || !(capacity > 0)) return null;
        var (low, high) = demands.Count == 1 ? (demands[0] * (1 - LoneSpread), demands[0] * (1 + LoneSpread)) : (demands.Min(), demands.Max());
        var served = question.IntervalSeconds * capacity;
        return new CapacityTerm(resource, low, high, rows[0].Unit, capacity, filled, filled * served / high, served / low);
    }

    /// <summary>How full a resource was while users were carried. A share of a larger line says nothing of a smaller one, where the same waiting lasts longer.</summary>
    private static double Filled(string resource, UsersVariant variant, IReadOnlyList<PointSummary> points, CapacityQuestion question, LineCapacity line)
    {
        var isLine = IsLine(resource);
        var shares = points.Where(point => !isLine || AtLeast(line, variant.LineOf(point))).SelectMany(Shares);
        return Math.Clamp(shares.DefaultIfEmpty(0).Max(), Plateau, 1);

        IEnumerable<double> Shares(PointSummary point)
        {
            var carried = UsersEvidence.Of(point, question.WithinMs).Where(trial => trial.Carried).ToList();

            // A search's own utilisations are those of its step at capacity; what its other steps took of the line is kept with them.
            if (resource == Utilisations.LineForward) foreach (var busy in carried.Select(trial => trial.BusyForward).OfType<double>()) yield return busy;
            if (carried.Exists(trial => trial.Step is null or UsersStep.AtCapacity) && point.Utilisations.FirstOrDefault(row => row.Resource == resource)?.Share is { } share) yield return share;
        }
    }

    /// <summary>
    /// Demands know of no limit that nobody measured as a resource. Where polls that came as often as asked, or less, were not carried, and not for a line that is now larger, that sets the high end; if it is
    /// below what the terms call safe they do not know the limit, and the low end is what was carried.
    /// </summary>
    private static CapacityExtrapolation Bounded(CapacityExtrapolation whole, UsersVariant variant, IReadOnlyList<PointSummary> points, CapacityQuestion question, LineCapacity line)
    {
        var trials = points.SelectMany(point => UsersEvidence.Of(point, question.WithinMs).Select(trial => (Line: variant.LineOf(point), Trial: trial))).ToList();
        var refuting = trials.Where(pair => !pair.Trial.Carried && (AtLeast(pair.Line, line) || !IsLine(pair.Trial.Bottleneck))).Select(pair => pair.Trial).MinBy(UsersHere);
        if (refuting is null || UsersHere(refuting) >= whole.UsersHigh) return whole;
        var bound = UsersHere(refuting);
        var carried = trials.Where(pair => pair.Trial.Carried && AtLeast(line, pair.Line)).Select(pair => UsersHere(pair.Trial)).Where(users => users < bound).DefaultIfEmpty(0).Max();
        return whole with { UsersLow = whole.UsersLow < bound ? whole.UsersLow : carried, UsersHigh = bound, Limit = refuting.Bottleneck, Measured = refuting };

        double UsersHere(CapacityEvidence trial) => trial.Users / trial.IntervalSeconds * question.IntervalSeconds;
    }

    private static bool IsLine(string resource) => resource is Utilisations.LineForward or Utilisations.LineReverse;

    private static bool AtLeast(LineCapacity one, LineCapacity other) => AtLeast(one.Forward.BitsPerSecond, other.Forward.BitsPerSecond) && AtLeast(one.Reverse.BitsPerSecond, other.Reverse.BitsPerSecond);

    /// <summary>0 is a line without limit.</summary>
    private static bool AtLeast(long one, long other) => one == 0 || (other != 0 && one >= other);
}
