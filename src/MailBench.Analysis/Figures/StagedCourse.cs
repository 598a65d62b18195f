using MailBench.Analysis.Books;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;

namespace MailBench.Analysis.Figures;

/// <summary>The figures of an open trial whose offered rate changed: its stages, its course, and the recovery from an overload.</summary>
internal static class StagedCourse
{
    /// <summary>Null: the load had one rate, or was not offered to its end.</summary>
    public static LoadCourse? Of(PointSettings settings, TrialRecord trial, TrialBooks books)
    {
        var stages = StagesOf(settings, trial);
        if (settings.LoadModel != "open" || stages.Count < 2 || trial.Failure is not null) return null;
        var undelivered = UndeliveredOf(books);
        var latencies = LatenciesOf(books);
        var recipients = Math.Max(1, settings.RecipientsPerMessage ?? 1);
        return new LoadCourse
        {
            Stages = [.. stages.Select(stage => FiguresOf(stage, stages[0].BeginNs, undelivered, latencies, recipients))],
            Timeline = Rows(stages, undelivered, latencies),
            Recovery = RecoveryOf(stages, undelivered, recipients) is { } recovery ? recovery with { ExpectedIsLeast = settings.DefersMail } : null,
        };
    }

    /// <summary>
    /// The highest stage that stands between two lower ones, and how long what it left behind took in the stage that followed. Pure; <paramref name="recipients"/>: of a message.
    /// </summary>
    internal static RecoveryFigures? RecoveryOf(IReadOnlyList<TimedStage> stages, Outstanding undelivered, int recipients)
    {
        var overload = Enumerable.Range(1, Math.Max(0, stages.Count - 2)).Where(i => stages[i].PerSecond > stages[i - 1].PerSecond && stages[i].PerSecond > stages[i + 1].PerSecond)
            .Select(i => (int?)i).MaxBy(i => stages[i!.Value].PerSecond);
        if (overload is not { } at) return null;
        var (before, over, after) = (stages[at - 1], stages[at], stages[at + 1]);
        var usual = undelivered.MeanOver((before.BeginNs + before.EndNs) / 2, before.EndNs);
        var most = Math.Max(2 * usual, recipients);
        var backlog = undelivered.At(over.EndNs);
        var capacity = undelivered.EndedIn(over.BeginNs, over.EndNs) / over.Seconds;
        var spare = capacity - after.PerSecond * recipients;
        return new RecoveryFigures
        {
            Overload = over.Name,
            After = after.Name,
            EndSecond = (over.EndNs - stages[0].BeginNs) / 1e9,
            OverloadPerSecond = undelivered.DueIn(over.BeginNs, over.EndNs) / over.Seconds,
            CapacityPerSecond = capacity,
            OfferedPerSecond = after.PerSecond * recipients,
            Backlog = backlog,
            Usual = usual,
            Most = most,
            Seconds = (undelivered.FirstWithin(most, over.EndNs, after.EndNs) - over.EndNs) / 1e9,
            ExpectedSeconds = spare > 0 ? Math.Max(0, backlog - most) / spare : null,
        };
    }

    /// <summary>
    /// The stages with their times: they follow each other from the load's start, and one without a length, or one that outlasts it, ends with the window. A record from anywhere may hold stages that are none: then there are none.
    /// </summary>
    private static List<TimedStage> StagesOf(PointSettings settings, TrialRecord trial)
    {
        var (written, derived) = (SettingForm.Items(settings.Text("load.stages") ?? ""), SettingForm.Items(trial.Derived.GetValueOrDefault("load.stages") ?? settings.Text("load.stages") ?? ""));
        if (written.Count != derived.Count) return [];
        var stages = new List<TimedStage>();
        var beginNs = trial.WarmUpBeginNs;
        for (var i = 0; i < written.Count && beginNs < trial.SteadyEndNs; i++)
        {
            if (!LoadStageText.TryParse(written[i], out var planned) || !LoadStageText.TryParse(derived[i], out var measured) || measured.Offered.Sweep is not null) return [];
            var (stage, pause) = (measured.Stage, measured.Stage.Kind == LoadStageKind.Pause);
            var endNs = stage.During == TimeSpan.Zero ? trial.SteadyEndNs : Math.Min(trial.SteadyEndNs, beginNs + stage.During.ToNs());
            var name = pause ? "pause" : planned.Offered.Sweep is null ? stage.Rate.ToString() : FormattableString.Invariant($"{planned.Offered.Share * 100:0.##} %");
            stages.Add(new TimedStage(name, pause ? 0 : stage.Rate.PerSecond, beginNs, endNs));
            beginNs = endNs;
        }

        return stages;
    }

    private static StageFigures FiguresOf(TimedStage stage, long startNs, Outstanding undelivered, IReadOnlyList<(long DueNs, double Ns)> latencies, int recipients)
    {
        var delivery = Quantiles.OfNs([.. latencies.Where(latency => latency.DueNs >= stage.BeginNs && latency.DueNs < stage.EndNs).Select(latency => latency.Ns)]);
        if (delivery is not null) delivery = delivery with { Sample = delivery.Count / recipients };
        return new StageFigures
        {
            Name = stage.Name,
            Second = (stage.BeginNs - startNs) / 1e9,
            Seconds = stage.Seconds,
            OfferedPerSecond = undelivered.DueIn(stage.BeginNs, stage.EndNs) / stage.Seconds,
            DeliveredPerSecond = undelivered.EndedIn(stage.BeginNs, stage.EndNs) / stage.Seconds,
            P50Ms = delivery?.At(0.5),
            P95Ms = delivery?.At(0.95),
            Undelivered = undelivered.At(stage.EndNs),
        };
    }

    private static List<LoadRow> Rows(IReadOnlyList<TimedStage> stages, Outstanding undelivered, IReadOnlyList<(long DueNs, double Ns)> latencies)
    {
        var fromNs = stages[0].BeginNs;
        var cut = new CourseRows(fromNs, stages[^1].EndNs);
        var byRow = latencies.Where(latency => latency.DueNs >= fromNs).ToLookup(latency => cut.RowOf(latency.DueNs), latency => latency.Ns);
        var rows = new List<LoadRow>();
        for (var i = 0; i < cut.Count; i++)
        {
            var (beginNs, endNs) = cut[i];
            rows.Add(new LoadRow(
                (beginNs - fromNs) / 1e9, stages.Last(stage => stage.BeginNs <= beginNs).Name, undelivered.DueIn(beginNs, endNs) / cut.Seconds, undelivered.EndedIn(beginNs, endNs) / cut.Seconds,
                Quantiles.OfNs([.. byRow[i]])?.P95, undelivered.At(endNs)));
        }

        return rows;
    }

    /// <summary>Delivery latencies beside the moments at which they were due.</summary>
    private static List<(long DueNs, double Ns)> LatenciesOf(TrialBooks books)
    {
        var latencies = new List<(long DueNs, double Ns)>();
        var ofMessage = new List<double>();
        foreach (var message in books.Messages)
        {
            if (message is null || !message.WasOffered) continue;
            ofMessage.Clear();
            LatencySamples.AddDeliveries(message, ofMessage);
            foreach (var latency in ofMessage) latencies.Add((message.IntendedNs, latency));
        }

        return latencies;
    }

    /// <summary>
    /// Recipients that were due and not delivered: what waits for the source's sessions, lies in the system or is on its way. What was refused, bounced or discarded is not waited for; what was never delivered stays for good.
    /// </summary>
    private static Outstanding UndeliveredOf(TrialBooks books)
    {
        List<long> due = [], delivered = [];
        foreach (var message in books.Messages)
        {
            if (message is null || !message.WasOffered || message.Fate is MessageFate.Refused or MessageFate.Failed) continue;
            var tally = message.Tally();
            var waitedFor = message.Fate == MessageFate.Open ? Math.Max(1, message.Recipients) : tally.Arrived + tally.Queued + tally.Missing;
            for (var i = 0; i < waitedFor; i++) due.Add(message.IntendedNs);
            var arrived = 0;
            foreach (var booked in message.BookedNs)
                if (booked >= 0 && arrived++ < waitedFor) delivered.Add(booked);
        }

        return new Outstanding(due, delivered);
    }
}

/// <summary>A stage of an offered load with its place in time. PerSecond: messages, at its end where it is a ramp.</summary>
internal sealed record TimedStage(string Name, double PerSecond, long BeginNs, long EndNs)
{
    public double Seconds => Math.Max(1e-9, (EndNs - BeginNs) / 1e9);
}
