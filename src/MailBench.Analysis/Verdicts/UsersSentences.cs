using MailBench.Analysis.Figures;
using MailBench.Analysis.Planning;
using MailBench.Model.Records;
using MailBench.Model.Units;
using static System.FormattableString;

namespace MailBench.Analysis.Verdicts;

/// <summary>What an operator can act on: how many users a line carried at an interval, from where it did not, what stood beside that as prediction.</summary>
internal static class UsersSentences
{
    /// <summary>With fewer connected at once that is no news.</summary>
    private const int ManySessions = 1000;

    public static IEnumerable<string> Of(IReadOnlyList<PointSummary> points)
    {
        foreach (var changing in points.Where(p => p.Polls is { Steps.Count: > 0 }))
            foreach (var sentence in KneeSentences.Of(changing, At(changing))) yield return sentence;
        foreach (var sentence in Often(points)) yield return sentence;
        foreach (var group in points.Where(p => p.Polls is { Steps.Count: 0 }).GroupBy(p => (p.CapacityBitsPerSecond, p.IntervalSeconds, p.Polls!.Action, Variant: OtherAxes(p))).OrderBy(g => g.Key.CapacityBitsPerSecond).ThenBy(g => g.Key.IntervalSeconds))
        {
            // A void point shows neither that its users were carried nor that they were not.
            var ladder = group.Where(p => !p.Void).GroupBy(p => p.Users ?? 0).OrderBy(step => step.Key).Select(step => (Users: step.Key, Points: step.ToList())).ToList();
            if (ladder.Count == 0) continue;
            var carried = ladder.TakeWhile(step => step.Points.TrueForAll(p => UsersEvidence.IsCarried(p, p.Polls!.WithinMs))).ToList();
            var first = ladder.ElementAtOrDefault(carried.Count);
            yield return $"{At(group.First())}: {Ladder(carried, first, ladder)}{WithoutSaying(group)}{Prediction(carried.Count == 0 ? 0 : carried[^1].Users, first.Users, [.. ladder.SelectMany(step => step.Points)])}";
            foreach (var held in group.Where(p => p.Polls!.Pushed is not null && !p.Void)) yield return Held(held);
            foreach (var many in group.Where(p => p.Polls is { Pushed: null, SessionsMean: >= ManySessions } && !p.Void)) yield return Connected(many);
            if (Marginal(group.Where(p => !p.Void).ToList()) is { } marginal) yield return marginal;
            foreach (var stampede in group.Where(p => p.Polls!.AllAtOnce && !p.Void)) yield return AllAtOnce(stampede);
        }
    }

    /// <summary>How often the same users may come, where some intervals were carried and shorter ones were not.</summary>
    private static IEnumerable<string> Often(IReadOnlyList<PointSummary> points)
    {
        foreach (var group in points.Where(p => p is { Void: false, Polls.Steps.Count: 0 }).GroupBy(p => (p.CapacityBitsPerSecond, p.Users, p.Polls!.Action, Variant: OtherAxes(p))).OrderBy(g => g.Key.CapacityBitsPerSecond))
        {
            var intervals = group.GroupBy(p => p.IntervalSeconds ?? 0).OrderBy(g => g.Key).Select(g => (Seconds: g.Key, Carried: g.All(p => UsersEvidence.IsCarried(p, p.Polls!.WithinMs)))).ToList();
            var first = intervals.FindIndex(interval => interval.Carried);
            if (first > 0 && intervals.Skip(first).All(interval => interval.Carried))
                yield return Invariant($"{Line(group.First())}: {group.Key.Users:#,0} users ({group.Key.Action}{(group.Key.Variant.Length > 0 ? $", {group.Key.Variant}" : "")}) may poll every {Duration.Spoken(intervals[first].Seconds)} and less often; every {Duration.Spoken(intervals[first - 1].Seconds)} is too much.");
        }
    }

    /// <summary>How a stampede ends: when half, nearly all and all have been served, and how soon the line alone could.</summary>
    private static string AllAtOnce(PointSummary p)
    {
        if (!p.Latencies.TryGetValue("response", out var response)) return Invariant($"{p.Users:#,0} users at once: none was served.");
        var least = p.Polls!.PredictedUsers is { } most && p.Users is { } users ? Invariant($"; the line alone would need {Ms(users / most * p.IntervalSeconds * 1000)}") : "";
        return Invariant($"{p.Users:#,0} users at once, every {Duration.Spoken(p.IntervalSeconds ?? 0)}: half were served within {Ms(response.P50)}, 95 % within {Ms(response.P95)}, the last after {Ms(response.Max)}{least}.");
    }

    /// <summary>How many of the users were there at once, and what each of them cost.</summary>
    private static string Connected(PointSummary p)
    {
        var polls = p.Polls!;
        var memory = polls is { ServerBytesPerSession: { } resident, SessionsOpen: { } open } ? Invariant($"; the server's memory grew by {resident / 1024:0.0} KiB for each of the {open:#,0} at the end") : "";
        return Invariant($"Of {p.Users:#,0} users {polls.SessionsMean:#,0} were connected at once on average and {polls.SessionsMost:#,0} at most{memory}.");
    }

    /// <summary>What it costs to hold users, and what they have of it.</summary>
    private static string Held(PointSummary p)
    {
        var polls = p.Polls!;
        var memory = polls is { ServerBytesPerSession: { } resident, ServerManagedBytesPerSession: { } managed }
            ? Invariant($", for each of which the server's memory grew by {resident / 1024:0.0} KiB ({managed / 1024:0.0} KiB of managed heap)") : "";
        var news = p.Latencies.TryGetValue("push", out var push)
            ? Invariant($"; of {push.Count:#,0} messages 95 % were announced within {Ms(push.P95)} of their 250, the last after {Ms(push.Max)}") : "";
        var lost = polls.Dropped > 0 ? Invariant($"; {polls.Dropped:#,0} sessions were ended by the server") : "";
        return Invariant($"{polls.SessionsOpen:#,0} sessions were held in IDLE{memory}{news}{lost}.");
    }

    /// <summary>What one more session costs, between the fewest and the most that were held: what a server's memory grows by anyway, compiled code above all, falls out of the difference.</summary>
    private static string? Marginal(List<PointSummary> points)
    {
        var held = points.Where(p => p.Polls is { Pushed: not null, SessionsOpen: not null, ServerBytesPerSession: not null }).OrderBy(p => p.Polls!.SessionsOpen).ToList();
        if (held.Count < 2 || held[0].Polls!.SessionsOpen!.Value is var few && held[^1].Polls!.SessionsOpen!.Value is var many && many < 2 * few) return null;
        var (least, most) = (held[0].Polls!, held[^1].Polls!);
        return Invariant($"Each further session from {few:#,0} to {many:#,0} cost the server {Each(p => p.ServerBytesPerSession)} of memory ({Each(p => p.ServerManagedBytesPerSession)} of managed heap), and the kernel {Each(p => p.TcpBufferBytesPerSession)} of TCP buffers on this whole machine.");

        string Each(Func<PollFigures, double?> perSession) => perSession(most) * many - perSession(least) * few is { } grown ? Invariant($"{grown / (many - few) / 1024:0.0} KiB") : "an unknown amount";
    }

    /// <summary>Where only one number was tried there is no ladder to speak of.</summary>
    private static string Ladder(List<(int Users, List<PointSummary> Points)> carried, (int Users, List<PointSummary> Points) first, List<(int Users, List<PointSummary> Points)> all) => carried.Count == 0 && all.Count == 1
        ? Invariant($"{first.Users:#,0} users were not carried ({Shortfall(first)}).")
        : Carried(carried) + Beyond(first, all[^1].Users);

    private static string Carried(List<(int Users, List<PointSummary> Points)> carried) => carried.Count == 0
        ? "not even the fewest users measured were carried"
        : Invariant($"{carried[^1].Users:#,0} users were carried (95 % of polls within {Ms(carried[^1].Points.Max(P95))}{Failed(carried[^1].Points)}{Share(carried[^1])})");

    /// <summary>What each of them has of the line, and how much of it they took.</summary>
    private static string Share((int Users, List<PointSummary> Points) step) => step.Points[0].CapacityBitsPerSecond is > 0 and var capacity && step.Points.Max(p => p.BusyForward) is { } busy
        ? Invariant($"; {capacity / 1000.0 / step.Users:0.##} kbit/s of the line for each, {busy * 100:0} % of it used") : "";

    private static string Beyond((int Users, List<PointSummary> Points) first, int most)
    {
        if (first.Points is null) return Invariant($"; more than {most:#,0} were not tried.");
        return Invariant($"; {first.Users:#,0} were not ({Shortfall(first)}).");
    }

    private static string Shortfall((int Users, List<PointSummary> Points) first)
    {
        var limits = string.Join(" or ", first.Points.Select(p => p.Bottleneck).Distinct());
        var polls = Quantiles.Median(first.Points.Select(p => p.Polls!.PerSecond));
        var offered = Quantiles.Median(first.Points.Select(p => (double?)p.Polls!.OfferedPerSecond));
        var limit = limits == Utilisations.Unattributed ? "limit unattributed" : $"limited by {limits}";
        // Of few polls a second, tenths decide.
        return offered < 20 ? Invariant($"{polls:0.0} of {offered:0.0} polls/s, {Rest()}") : Invariant($"{polls:#,0} of {offered:#,0} polls/s, {Rest()}");

        string Rest() => Invariant($"{In95(first.Points.Max(P95))}{Failed(first.Points)}, {limit}");
    }

    /// <summary>Said where any did: up to 1 % may, and still the users are carried.</summary>
    private static string Failed(List<PointSummary> points) => points.Sum(p => p.Polls!.Failed) is > 0 and var failed ? Invariant($", {failed:#,0} failed") : "";

    private static string WithoutSaying(IEnumerable<PointSummary> points)
    {
        var users = points.Where(p => p.Void).Select(p => p.Users ?? 0).Distinct().Order().Select(n => Invariant($"{n:#,0}")).ToList();
        return users.Count == 0 ? "" : $" Of {string.Join(" and ", users)} users nothing can be said: void.";
    }

    /// <summary>
    /// The prediction beside what was measured. Where polls are all alike, the rate that the full line let through is its capacity; where mail goes on arriving, polls grow past the limit, and the
    /// capacity lies between the last number carried and the first that was not.
    /// </summary>
    private static string Prediction(int carried, int notCarried, List<PointSummary> points)
    {
        if (points[0].Polls!.PredictedUsers is not { } predicted || points[0].IntervalSeconds is not { } interval) return "";
        var alone = Invariant($" The line alone would carry at most {predicted:#,0} (predicted)");
        if (notCarried == 0) return alone + ".";
        var full = points.Where(p => p.Bottleneck is Utilisations.LineForward or Utilisations.LineReverse).ToList();
        if (full.Count == 0) return alone + ": it was not the limit.";
        if (full[0].Polls!.Action == "check" && full.Max(p => p.Polls!.PerSecond) * interval is { } most)
            return Invariant($" The full line let {most / interval:#,0} polls/s through, {most:#,0} users; predicted at most {predicted:#,0} ({Sentences.Signed(predicted / most - 1)}).");
        var measured = carried == 0 ? Invariant($", measured fewer than {notCarried:#,0}.") : Invariant($", measured between {carried:#,0} and {notCarried:#,0}.");
        return alone + (predicted >= carried && predicted <= notCarried ? measured : Invariant($"; that is not between the {carried:#,0} and {notCarried:#,0} measured."));
    }

    private static string At(PointSummary p)
    {
        var others = OtherAxes(p);
        return Invariant($"{Line(p)}, a poll ({p.Polls!.Action}) every {Duration.Spoken(p.IntervalSeconds ?? 0)}{(others.Length > 0 ? $" ({others})" : "")}");
    }

    private static string Line(PointSummary p) => p.CapacityBitsPerSecond == 0 ? "Without a line" : $"A line of {new BitRate(p.CapacityBitsPerSecond)}";

    internal static string OtherAxes(PointSummary p) => string.Join(", ", p.Axes
        .Where(a => a.Key is not ("users.count" or "users.interval" or "users.action" or "line.capacity")).Select(a => Variant.Named(a.Key, a.Value)));

    private static double P95(PointSummary p) => p.Latencies.TryGetValue("response", out var response) ? response.P95 : double.PositiveInfinity;

    /// <summary><c>95 % within 41.9 ms</c>, or that so many never came to their end.</summary>
    internal static string In95(double? p95) => p95 is { } ms && double.IsInfinity(ms) ? "more than 5 % unfinished" : $"95 % within {Ms(p95)}";

    internal static string Ms(double? value) => value is not { } ms ? "nothing" : double.IsInfinity(ms) ? "no time (unfinished)" : ms >= 10_000 ? Invariant($"{ms / 1000:0.0} s") : ms >= 1000 ? Invariant($"{ms / 1000:0.00} s") : Invariant($"{ms:0.#} ms");
}
