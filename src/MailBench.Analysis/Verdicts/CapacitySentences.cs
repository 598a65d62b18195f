using MailBench.Analysis.Figures;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;
using static System.FormattableString;

namespace MailBench.Analysis.Verdicts;

/// <summary>An answer about capacity in words: what was asked, what is answered, and the figures and points that it rests on.</summary>
internal static class CapacitySentences
{
    public static string Of(CapacityAnswer answer, CapacityQuestion question)
    {
        var line = new LineCapacity(new BitRate(answer.CapacityBitsPerSecond), new BitRate(answer.ReverseBitsPerSecond));
        var share = answer.CapacityBitsPerSecond > 0 ? $" ({Figure(answer.CapacityBitsPerSecond / 1000.0 / question.Users)} kbit/s each)" : "";
        var through = line.IsUnlimited ? "without a limited line" : $"a line of {line}{share}";
        var within = question.WithinMs is { } ms ? Invariant($", 95 % within {UsersSentences.Ms(ms)}") : "";
        return Invariant($"{question.Users:#,0} users, a poll ({answer.Variant}) every {Every(question)}{within}, {through}: {Verdict(answer)}. {Because(answer, question)}{Against(answer)}{Flags(answer)}{Voided(answer)}");
    }

    public static string Of(CapacityLimits limits, CapacityQuestion question)
    {
        var files = limits.OpenFiles == long.MaxValue ? "no limit of open files is known" : Invariant($"{limits.OpenFilesNeeded:#,0} of {limits.OpenFiles:#,0} open files");
        var need = Invariant($"{question.Users:#,0} users connected at once would take {files} in the line's process, and {question.Users:#,0} of its {limits.Ports:#,0} ports; they come from {limits.Addresses:#,0} client address{(limits.Addresses == 1 ? "" : "es")}");
        return limits.Allow ? $"the measured machine's limits allow it: {need}" : Invariant($"the measured machine's limits allow {limits.Sessions:#,0} at once, and further polls would wait: {need}. {Raise(limits, question)}");
    }

    private static string Raise(CapacityLimits limits, CapacityQuestion question)
    {
        var files = limits.OpenFilesNeeded > limits.OpenFiles ? Invariant($"prlimit --pid $$ --nofile={limits.OpenFilesNeeded}") : null;
        var ports = question.Users > limits.Ports ? "sysctl -w net.ipv4.ip_local_port_range='1024 65535'" : null;
        return Invariant($"Before such a run, as root: {string.Join("; ", new[] { files, ports }.OfType<string>())}; or --set users.sessions={limits.Sessions}");
    }

    private static string Verdict(CapacityAnswer answer)
    {
        var word = answer.Verdict switch
        {
            CapacityVerdict.Carried => "carried",
            CapacityVerdict.NotCarried => "not carried",
            CapacityVerdict.Undecided => "undecided",
            _ => "refused",
        };
        return answer.Extrapolated ? $"{word} (extrapolated)" : word;
    }

    private static string Because(CapacityAnswer answer, CapacityQuestion question) => answer.Reason switch
    {
        CapacityReason.Measured => $"Measured: {Trials(answer.Evidence)}.",
        CapacityReason.Between => $"It lies between measured points that agree: {Numbers(answer.Evidence)}.",
        CapacityReason.FewerThanCarried => $"More were carried: {Numbers(answer.Evidence)}.",
        CapacityReason.FewestNotCarried => $"Not even the fewest measured were carried: {Numbers(answer.Evidence)}.",
        CapacityReason.BetweenCarriedAndNot => Invariant($"It lies between {answer.Evidence[0].Users:#,0} and {answer.Evidence[^1].Users:#,0}: {Numbers(answer.Evidence)}."),
        CapacityReason.OutcomesDiffer => $"That number was measured {answer.Evidence.Count} times, and carried {answer.Evidence.Count(trial => trial.Carried)} of them: {Trials(answer.Evidence)}.",
        CapacityReason.Contradiction => $"The points contradict each other: {Numbers(answer.Evidence)}.",
        CapacityReason.Void => $"It was tried, and that point is void.{(answer.Evidence.Count == 0 ? "" : $" Beside it: {Numbers(answer.Evidence)}.")}",
        CapacityReason.AllVoid => "All points of that interval and line are void.",
        CapacityReason.BeyondLargest => $"The most that were measured there are {Numbers(answer.Evidence)}; more were not tried{Extrapolation(answer, question)}",
        CapacityReason.IntervalNotMeasured => $"That interval was not measured (measured: {string.Join(", ", answer.Instead)}){Extrapolation(answer, question)}",
        CapacityReason.LineNotMeasured => $"That line was not measured (measured: {string.Join(", ", answer.Instead)}){Extrapolation(answer, question)}",
        CapacityReason.ProtocolNotMeasured => $"That protocol was not measured (measured: {string.Join(", ", answer.Instead)}). What a poll needs over one protocol says nothing of another.",
        _ => throw new ArgumentOutOfRangeException(nameof(answer), answer.Reason, "not a reason that there are words for"),
    };

    /// <summary>What demands say where nobody measured, or why they say nothing.</summary>
    private static string Extrapolation(CapacityAnswer answer, CapacityQuestion question)
    {
        if (!question.Extrapolate) return ", and from what was nothing is inferred (--extrapolate gives an interval from demands, marked as such).";
        if (answer.Extrapolation is not { } e) return ", and there is nothing to extrapolate from: no such point had room (or its users come all at once, or hold their sessions at another interval), so that a poll's demand is not known.";
        var points = Invariant($"point{(e.Points.Count == 1 ? "" : "s")} {string.Join(", ", e.Points)}");
        if (e.Measured is { } refuting)
            return Invariant($". Extrapolated: the most that are carried lie between {e.UsersLow:#,0} and {e.UsersHigh:#,0}, since {Refuting(refuting)}, which no demand of {points} explains.");
        var limit = e.Terms[0];
        var spread = e.Points.Count == 1 ? "one point with room shows no spread, 10 % is taken" : Invariant($"spread over {points}, which had room");
        return Invariant($". Extrapolated: the most that are carried lie between {e.UsersLow:#,0} and {e.UsersHigh:#,0}, limited by {e.Limit}: a poll needs {Demand(limit)} ({spread}), and {limit.Filled:0%} of that is the most that counts as safe.{Others(e)}{Unseen(e, question)}");
    }

    private static string Refuting(CapacityEvidence trial) => Invariant($"{trial.Users:#,0} every {Duration.Format(TimeSpan.FromSeconds(trial.IntervalSeconds))} were not carried ({Trial(trial)})");

    /// <summary>A rate can be carried over, a number of users cannot.</summary>
    private static string Unseen(CapacityExtrapolation e, CapacityQuestion question) => question.Users <= e.MostUsers ? "" :
        Invariant($" No demand knows what grows with the number of users itself, mailboxes and memory: the run had {e.MostUsers:#,0} at most.");

    private static string Others(CapacityExtrapolation e)
    {
        var lowest = e.Terms.MinBy(term => term.UsersLow)!;
        var low = lowest.Resource == e.Limit ? "" : Invariant($" The low end is that of {lowest.Resource}, of which {lowest.Filled:0%} is the most that counts as safe.");
        return e.Terms.Count < 2 ? low : $"{low} Next: {string.Join(", ", e.Terms.Skip(1).Take(2).Select(term => Invariant($"{term.Resource} {term.UsersLow:#,0} to {term.UsersHigh:#,0}")))}.";
    }

    private static string Demand(CapacityTerm term)
    {
        var (low, high) = (Figure(term.DemandLow), Figure(term.DemandHigh));
        return $"{(low == high ? low : $"{low} to {high}")} {term.Unit} of {Figure(term.Capacity)} a second";
    }

    private static string Figure(double value) => value >= 100 ? Invariant($"{value:#,0}") : value.ToString("G3", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Users, whether they were carried, and the trials that say so.</summary>
    private static string Numbers(IReadOnlyList<CapacityEvidence> evidence) => string.Join("; ", evidence.GroupBy(trial => (trial.Users, trial.Carried)).Select(same => $"{Number(same.First())} ({Trials([.. same])})"));

    private static string Number(CapacityEvidence trial) => Invariant($"{trial.Users:#,0}, which were {(trial.Carried ? "" : "not ")}carried");

    private static string Trials(IReadOnlyList<CapacityEvidence> evidence) => string.Join("; and ", evidence.Select(Trial));

    private static string Trial(CapacityEvidence trial)
    {
        var failed = trial.Failed == 0 ? "none failed" : Invariant($"{trial.Failed:#,0} failed");
        var share = trial.LineKbitPerUser is { } kbit ? Invariant($", {Figure(kbit)} kbit/s of the line each{(trial.BusyForward is { } busy ? Invariant($", which was {busy:0.0%} busy") : "")}") : "";
        var limit = trial.Bottleneck == Utilisations.Unattributed || trial.Carried ? "" : $", limited by {trial.Bottleneck}";
        return Invariant($"{trial.PerSecond:#,0.#} of {trial.OfferedPerSecond:#,0.#} polls/s, {UsersSentences.In95(trial.P95Ms)}, {failed}{share}{limit}; point {trial.Point}{(trial.Repetition > 0 ? Invariant($" repetition {trial.Repetition}") : "")}{(trial.Step is { } step ? $", {step}" : "")}");
    }

    private static string Against(CapacityAnswer answer) => answer.Against.Count == 0 ? "" : $" Against it: {Numbers(answer.Against)}.";

    private static string Flags(CapacityAnswer answer)
    {
        var flags = answer.Evidence.SelectMany(trial => trial.Flags).Concat(answer.Extrapolation?.Flags ?? []).Distinct().ToList();
        return flags.Count == 0 ? "" : $" Flagged: {string.Join("; ", flags)}.";
    }

    private static string Voided(CapacityAnswer answer) => answer.Voided.Count == 0 ? "" : $" Void: {string.Join("; ", answer.Voided)}.";

    private static string Every(CapacityQuestion question) => Duration.Format(TimeSpan.FromSeconds(question.IntervalSeconds));
}
