using System.Globalization;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;

namespace MailBench.Analysis.Planning;

/// <summary>The command that measures what was asked, and as little else as possible: the sweep of a point like it, each swept setting at one value.</summary>
internal sealed class MeasuringCommand(RunSummary run, CapacityQuestion question, string runAgain)
{
    /// <summary>What differed is tried so often: an odd number, so that it does not end in a draw.</summary>
    private const int Repeated = 5;

    /// <param name="like">A point of the variant in question.</param>
    /// <param name="line">The line asked for.</param>
    /// <param name="repeat">The same again, more than once.</param>
    public string For(PointSummary like, LineCapacity line, bool repeat)
    {
        var interval = Duration.Format(TimeSpan.FromSeconds(question.IntervalSeconds));
        var set = like.Axes.Where(axis => axis.Key is not ("users.count" or "users.interval" or "users.protocol" or "line.capacity")).Select(axis => $"{axis.Key}={axis.Value}").ToList();
        set.Add(string.Create(CultureInfo.InvariantCulture, $"users.count={question.Users}"));
        set.Add($"users.interval={interval}");
        if (question.CapacityBitsPerSecond is not null || like.Axes.ContainsKey("line.capacity")) set.Add($"line.capacity={line}");
        if ((question.Protocol ?? like.Axes.GetValueOrDefault("users.protocol")) is { } protocol) set.Add($"users.protocol={protocol}");
        if (like.Polls?.Knee is not null) set.Add("users.find=none");
        if (question.WithinMs is { } withinMs) set.Add($"users.within={Duration.Format(TimeSpan.FromMilliseconds(withinMs))}");
        if (repeat) set.Add(string.Create(CultureInfo.InvariantCulture, $"repetitions={Repeated}"));

        // In a window shorter than the interval not every user comes, and before the first interval is over they find no mail of it.
        if (like.WindowSeconds < question.IntervalSeconds) set.AddRange([$"phases.warmUp={interval}", $"phases.steady={interval}"]);
        IEnumerable<string> sweep = run.Points.Select(point => point.Sweep).Concat(run.Probes.Select(probe => probe.Sweep)).Distinct().Count() > 1 || run.PointsMissing > 0 ? [$"--sweep {ShellWord.Of(like.Sweep)}"] : [];
        return string.Join(' ', [runAgain, .. sweep, .. set.Select(pair => $"--set {ShellWord.Of(pair)}")]);
    }
}
