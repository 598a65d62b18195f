using MailBench.Analysis.Figures;
using MailBench.Analysis.Verdicts;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;

namespace MailBench.Analysis.Planning;

/// <summary>
/// What a run says to a question about capacity. Tests with few users are not answers for many: where the question was not measured it is refused, or, if that is asked for, answered from demands and marked
/// extrapolated.
/// </summary>
public static class CapacityDecision
{
    /// <summary>The longest interval that a profile may ask for; a record that says more was tampered with.</summary>
    private const double MostSeconds = 86_400;

    /// <param name="run">Any run's summary.</param>
    /// <param name="question">What is asked of it.</param>
    /// <param name="runAgain">The command that repeats the run, for the one that would measure what is missing.</param>
    /// <exception cref="InvalidDataException">The question names a system or sweep that the run does not have; the message has those that it has.</exception>
    public static CapacityPlan Of(RunSummary run, CapacityQuestion question, string runAgain)
    {
        var points = Chosen(run, question.Sut);
        var remarks = new List<string>();
        if (run.PointsMissing > 0) remarks.Add($"{run.PointsMissing} planned trials were not run: what they would have said is missing");
        var days = points.Count(point => point.Polls is { Steps.Count: > 0, Knee: null });
        if (days > 0) remarks.Add($"{days} {(days == 1 ? "point is" : "points are")} about a day's shape, whose parts inherit each other's backlog: nothing is answered from {(days == 1 ? "it" : "them")}");
        var asked = points.Where(point => point.Polls is { } polls && point is { Users: > 0, IntervalSeconds: > 0 and <= MostSeconds } && (polls.Steps.Count == 0 || polls.Knee is not null)).ToList();
        if (asked.Count == 0) remarks.Add("the run has no point that says how many users are carried: a profile needs users.count and users.interval (profiles/polling-quick.yaml sweeps both)");
        var answers = Answers(UsersVariant.Of(asked, byBound: question.WithinMs is null), question, new MeasuringCommand(run, question, runAgain));
        return new CapacityPlan
        {
            Run = run.Run,
            Conditions = run.Conditions.Badge,
            Question = question,
            Verdict = answers.Select(answer => answer.Verdict).DefaultIfEmpty(CapacityVerdict.Refused).Max(),
            Answers = [.. answers.Select(answer => answer with { Sentence = CapacitySentences.Of(answer, question) })],
            Limits = LimitsOf(run.Machine, question),
            Remarks = remarks,
        };
    }

    private static List<PointSummary> Chosen(RunSummary run, string? sut)
    {
        if (sut is null) return [.. run.Points];
        var chosen = run.Points.Where(point => point.Sweep == sut || point.Axes.Values.Contains(sut)).ToList();
        if (chosen.Count > 0) return chosen;
        var known = run.Points.Where(point => point.Polls is not null).SelectMany(point => point.Axes.Values.Prepend(point.Sweep)).Distinct();
        throw new InvalidDataException($"no point of run {run.Run} is of '{sut}'; its points about users are of {string.Join(", ", known)}.");
    }

    private static List<CapacityAnswer> Answers(IReadOnlyList<UsersVariant> variants, CapacityQuestion question, MeasuringCommand command)
    {
        if (variants.Count == 0) return [];
        var asked = question is { CapacityBitsPerSecond: { } forward, ReverseBitsPerSecond: { } reverse } ? new LineCapacity(new BitRate(forward), new BitRate(reverse)) : (LineCapacity?)null;
        var spoken = variants.Where(variant => question.Protocol is null || variant.Protocol == question.Protocol).ToList();
        if (spoken.Count == 0)
            return [Refused(variants[0], asked ?? variants[0].Lines.First(), CapacityReason.ProtocolNotMeasured, question, command) with { Variant = $"over {question.Protocol}", Instead = [.. variants.Select(variant => variant.Protocol).Distinct().Order()] }];

        var ladders = spoken.SelectMany(variant => variant.Lines.Where(line => asked is null || line == asked).Select(line => (Variant: variant, Line: line))).ToList();
        if (ladders.Count == 0)
            return [.. spoken.Select(variant => Beyond(variant, asked!.Value, CapacityReason.LineNotMeasured, question, command) with { Instead = [.. variant.Lines.Select(line => line.ToString())] })];

        // What one variant was asked at, and another not, is no lack of the run.
        var met = ladders.Where(ladder => PointsOf(ladder.Variant, ladder.Line, question).Count > 0).ToList();
        if (met.Count > 0) return [.. met.Select(ladder => Met(ladder.Variant, ladder.Line, question, command))];
        return [.. ladders.Select(ladder => Beyond(ladder.Variant, ladder.Line, CapacityReason.IntervalNotMeasured, question, command) with { Instead = Intervals(ladder.Variant, ladder.Line) })];
    }

    private static IReadOnlyList<string> Intervals(UsersVariant variant, LineCapacity line) =>
        [.. variant.Points.Where(point => variant.LineOf(point) == line).Select(point => point.IntervalSeconds!.Value).Distinct().Order().Select(seconds => Duration.Format(TimeSpan.FromSeconds(seconds)))];

    private static List<PointSummary> PointsOf(UsersVariant variant, LineCapacity line, CapacityQuestion question) =>
        [.. variant.Points.Where(point => variant.LineOf(point) == line && UsersDemands.SameInterval(point.IntervalSeconds, question.IntervalSeconds))];

    /// <summary>Interval, line and protocol were measured; perhaps the number was.</summary>
    private static CapacityAnswer Met(UsersVariant variant, LineCapacity line, CapacityQuestion question, MeasuringCommand command)
    {
        var points = PointsOf(variant, line, question);
        var ladder = new UsersLadder(points.SelectMany(point => UsersEvidence.Of(point, question.WithinMs)));
        var voided = points.Where(point => point.Void).ToList();
        var words = voided.Select(point => FormattableString.Invariant($"point {point.Point} ({point.Users:#,0} users): {string.Join("; ", point.VoidReasons)}")).ToList();
        if (ladder.IsEmpty) return Refused(variant, line, CapacityReason.AllVoid, question, command) with { Voided = words };
        var finding = ladder.Ask(question.Users);
        if (finding.Reason != CapacityReason.Measured && voided.Exists(point => point.Users == question.Users)) finding = finding with { Verdict = CapacityVerdict.Undecided, Reason = CapacityReason.Void };
        if (finding.Reason == CapacityReason.BeyondLargest)
            return Beyond(variant, line, finding.Reason, question, command) with { Evidence = finding.Evidence, Instead = [FormattableString.Invariant($"{finding.Evidence[0].Users:#,0}")], Voided = words };
        return Answer(variant, line, finding, finding.Verdict == CapacityVerdict.Undecided ? command.For(points[0], line, repeat: finding.Reason is CapacityReason.OutcomesDiffer or CapacityReason.Contradiction) : null) with { Voided = words };
    }

    /// <summary>Nothing was measured there: refused, or extrapolated where that was asked for and can be.</summary>
    private static CapacityAnswer Beyond(UsersVariant variant, LineCapacity line, CapacityReason reason, CapacityQuestion question, MeasuringCommand command)
    {
        var refused = Refused(variant, line, reason, question, command);
        if (!question.Extrapolate) return refused;
        if (UsersDemands.Extrapolate(variant, question, line) is not { } extrapolation) return refused;
        var verdict = question.Users >= extrapolation.UsersHigh ? CapacityVerdict.NotCarried : question.Users <= extrapolation.UsersLow ? CapacityVerdict.Carried : CapacityVerdict.Undecided;
        return refused with { Verdict = verdict, Extrapolation = extrapolation };
    }

    private static CapacityAnswer Refused(UsersVariant variant, LineCapacity line, CapacityReason reason, CapacityQuestion question, MeasuringCommand command)
    {
        var like = PointsOf(variant, line, question).Concat(variant.Points).First();
        return Answer(variant, line, new LadderFinding(CapacityVerdict.Refused, reason, []), command.For(like, line, repeat: false));
    }

    private static CapacityAnswer Answer(UsersVariant variant, LineCapacity line, LadderFinding finding, string? command) => new()
    {
        Variant = variant.Name,
        CapacityBitsPerSecond = line.Forward.BitsPerSecond,
        ReverseBitsPerSecond = line.Reverse.BitsPerSecond,
        Verdict = finding.Verdict,
        Reason = finding.Reason,
        Evidence = finding.Evidence,
        Against = finding.Against,
        Command = command,
    };

    private static CapacityLimits LimitsOf(MachineDisclosure machine, CapacityQuestion question)
    {
        // With a line between, which takes two descriptors a session and has one address: the larger need.
        var ports = PollLimits.PortsOf(machine.PortRange);
        var each = PollLimits.FilesPerSession(hasLine: true);
        var needed = (long)each * question.Users + PollLimits.OtherFiles;
        var limits = new CapacityLimits
        {
            OpenFiles = machine.OpenFilesLimit,
            OpenFilesNeeded = needed,
            Ports = ports,
            Sessions = Math.Clamp((machine.OpenFilesLimit - PollLimits.OtherFiles) / each, 0, ports),
            Addresses = PollLimits.Compute(question.Users, TimeSpan.FromSeconds(question.IntervalSeconds), 0, machine.OpenFilesLimit, ports).Addresses,
            Allow = needed <= machine.OpenFilesLimit && question.Users <= ports,
        };
        return limits with { Sentence = CapacitySentences.Of(limits, question) };
    }
}
