using MailBench.Analysis.Figures;
using MailBench.Model.Records;
using static System.FormattableString;

namespace MailBench.Analysis.Verdicts;

/// <summary>What an operator can act on where the knee was looked for: how many users, what happens beyond, how that ends, and what was predicted beside it; and of a day, where it was too much.</summary>
internal static class KneeSentences
{
    /// <summary>Slower than this after an overload than before it is worth a word.</summary>
    private const double MuchSlower = 2;

    public static IEnumerable<string> Of(PointSummary point, string at)
    {
        if (point.Polls!.Knee is { } knee)
        {
            yield return $"{at}: {Capacity(point.Polls, knee)}{Prediction(point.Polls, knee)}";
            if (Overload(point.Polls, knee) is { } overload) yield return overload;
        }
        else
        {
            yield return $"{at}: {Day(point.Polls)}";
        }
    }

    private static string Capacity(PollFigures polls, KneeFigures knee)
    {
        if (knee.CarriedUsers == 0) return "not even the fewest users tried were carried.";
        var good = Searched(polls, knee.CarriedUsers);
        if (knee.NotCarriedUsers is not { } too) return Invariant($"{knee.CarriedUsers:#,0} users are carried (95 % of polls within {UsersSentences.Ms(good.P95Ms)}); more were not tried.");
        var bad = Searched(polls, too);
        var limit = bad.Bottleneck == Utilisations.Unattributed ? "limit unattributed" : $"limited by {bad.Bottleneck}";
        return Invariant($"{knee.CarriedUsers:#,0} users are carried (95 % of polls within {UsersSentences.Ms(good.P95Ms)}), {too:#,0} are not ({bad.PerSecond:#,0} of {bad.OfferedPerSecond:#,0} polls/s, {UsersSentences.In95(bad.P95Ms)}, {limit}).");
    }

    private static string Prediction(PollFigures polls, KneeFigures knee)
    {
        if (polls.Predictions is not [var first, ..] || knee.CarriedUsers == 0) return "";
        var marked = first.Extrapolated ? ", extrapolated" : "";
        if (knee.NotCarriedUsers is not { } too) return Invariant($" Predicted from where there was room: at most {first.Users:#,0} by {first.Resource}{marked}.");
        var middle = (knee.CarriedUsers + too) / 2.0;
        return Invariant($" Predicted from where there was room: at most {first.Users:#,0} by {first.Resource}{marked} ({Sentences.Signed(first.Users / middle - 1)} of the measured {middle:#,0}).");
    }

    private static string? Overload(PollFigures polls, KneeFigures knee)
    {
        if (Named(polls, UsersStep.Below) is not { } below || Named(polls, UsersStep.Over) is not { } over) return null;
        var text = Invariant($"At 120 % of that ({over.Users:#,0} users) {over.PerSecond:#,0} of {over.OfferedPerSecond:#,0} polls/s got through and 95 % took {UsersSentences.Ms(over.P95Ms)}, against {UsersSentences.Ms(below.P95Ms)} at 80 %;");
        text += knee.RecoverySeconds is { } seconds
            ? Invariant($" back at 80 % what was owed ({knee.BacklogPolls:#,0} polls) was done {seconds:0.0} s later{(knee.RecoveryExpectedSeconds is { } expected ? Invariant($" ({expected:0.0} s by backlog ÷ spare capacity)") : "")}")
            : " back at 80 % it had not recovered when the patience was over";
        if (knee.CarriedAfter is not { } after || Named(polls, UsersStep.AtCapacity) is not { } before || Named(polls, UsersStep.After) is not { } again) return text + ".";
        var slower = again.P95Ms > MuchSlower * before.P95Ms ? Invariant($", more slowly (95 % within {UsersSentences.Ms(again.P95Ms)}, before {UsersSentences.Ms(before.P95Ms)})") : "";
        return text + (after == before.Carried ? $"; the load at the knee was {(after ? "carried" : "not carried")} after it as before{slower}." : after ? "; the load at the knee was carried after it, and had not been before." : "; the load at the knee, carried before, was not carried after it: hysteresis.");
    }

    private static string Day(PollFigures polls)
    {
        var worst = polls.Steps.MaxBy(step => step.P95Ms ?? 0)!;
        var broken = polls.Steps.Where(step => !step.Carried).Select(step => Invariant($"{step.Name} ({step.Users:#,0} users)")).ToList();
        var course = Invariant($"over a day of {polls.Steps.Count} parts 95 % of polls took at most {UsersSentences.Ms(worst.P95Ms)} (at {worst.Name}, {worst.Users:#,0} users)");
        return broken.Count == 0 ? $"{course}; every part was carried." : $"{course}; not carried: {string.Join(", ", broken)}.";
    }

    private static StepFigures Searched(PollFigures polls, int users) => polls.Steps.Last(step => step.Name == UsersStep.Search && step.Users == users);

    private static StepFigures? Named(PollFigures polls, string name) => polls.Steps.LastOrDefault(step => step.Name == name);
}
