using System.Globalization;
using MailBench.Analysis.Books;
using MailBench.Analysis.Comparing;
using MailBench.Analysis.Confirming;
using MailBench.Analysis.Figures;
using MailBench.Analysis.Verdicts;
using MailBench.Model.Events;
using MailBench.Model.Records;
using MailBench.Model.Searching;

namespace MailBench.Analysis;

/// <summary>Latency samples of one trial for histograms: ns, infinities included.</summary>
public sealed record TrialSamples(int Point, int Repetition, string Name, double[] SamplesNs);

/// <summary>What an analysis gives: what was planned and on what machine, the summary, and the samples behind its percentiles.</summary>
public sealed record AnalysisResult(RunHeader Header, RunSummary Summary, IReadOnlyList<TrialSamples> Samples);

/// <summary>From a run folder alone to its summary. It never sees the runner: any old folder can be analysed again.</summary>
public static class RunAnalysis
{
    /// <summary>
    /// Reads <c>header.json</c>, <c>journal.ndjson</c> and <c>events/</c>. Throws <see cref="InvalidDataException"/> with file and reason when the folder is none of ours, is damaged or
    /// is of a newer version. A torn last journal line (the runner was killed) is left out.
    /// </summary>
    public static AnalysisResult Analyze(RunFolder folder)
    {
        var header = ReadHeader(folder);
        var planned = header.Points.ToDictionary(point => point.Point);
        var points = new List<PointSummary>();
        var samples = new List<TrialSamples>();
        var probes = new List<ProbeTable>();
        foreach (var trial in ReadJournal(folder).OrderBy(t => t.Point).ThenBy(t => t.Repetition))
        {
            if (!planned.TryGetValue(trial.Point, out var plan)) throw new InvalidDataException($"{folder.Journal}: point {trial.Point} is not in {folder.Header}.");
            if (trial.Findings is { } findings)
            {
                probes.Add(new ProbeTable
                {
                    Point = trial.Point,
                    Repetition = trial.Repetition,
                    Sweep = plan.Sweep,
                    Axes = plan.Axes,
                    System = plan.Settings.GetValueOrDefault("system", "mailbench"),
                    Sut = trial.Features.GetValueOrDefault("sut", "unknown"),
                    Findings = findings,
                    Failure = trial.Failure,
                });
                continue;
            }

            var (summary, ofTrial) = plan.Settings.ContainsKey("users.count")
                ? UsersAnalysis.Analyze(header, plan, trial, ReadPolls(folder, trial))
                : PointAnalysis.Analyze(header, plan, trial, ReadBooks(folder, trial), books => LostMail.About(folder, header, trial, new PointSettings(plan), books));
            points.Add(summary);
            if (!summary.Void) samples.AddRange(ofTrial.Select(s => new TrialSamples(trial.Point, trial.Repetition, s.Key, s.Value)));
        }

        var (judged, confirmations) = Confirmations.Of(header, UsersCapacity.Predict(header, points));
        points = [.. ShareFlags.Told(header, judged)];
        var conditions = RunConditions.Of(header, points);
        var comparisons = WithinRun.Of(header, points);
        var curves = OverloadCurve.Of([.. points.Where(p => p.StandsAlone)]);
        var searches = SustainableRates.Of(header, points);
        var summaryOfRun = new RunSummary
        {
            Run = header.Run,
            ProfileName = header.ProfileName,
            Description = header.Description,
            StartedAt = header.StartedAt,
            Command = header.Command,
            Seed = header.Seed,
            Conditions = conditions,
            Machine = header.Machine,
            Storage = header.Storage,
            Calibration = header.Calibration,
            Points = points,
            Curves = curves,
            Searches = searches,
            Probes = probes,
            PointsMissing = Trials(header, points, probes.Count).Missing,
            Confirmations = confirmations,
            Comparisons = comparisons,
            Sentences = [.. ProbeSentences.Of(probes), .. Sentences.Of(header, points, curves, searches, comparisons, confirmations, probes.Count)],
            Caveats = RunConditions.Caveats(header, points),
        };
        return new AnalysisResult(header, summaryOfRun, samples);
    }

    /// <summary>
    /// What a finished trial, a try of a search, showed: by the same figures, gates and criteria as the report's, so that a runner can steer by it. Throws <see cref="InvalidDataException"/> as <see cref="Analyze"/> does, and for a trial that is
    /// no try.
    /// </summary>
    public static TryVerdict Judge(RunFolder folder, TrialRecord trial)
    {
        var header = ReadHeader(folder);
        var planned = header.Points.FirstOrDefault(point => point.Point == trial.Point) ?? throw new InvalidDataException($"{folder.Header}: point {trial.Point} is not in it.");
        return PointAnalysis.Analyze(header, planned, trial, ReadBooks(folder, trial)).Summary.Try?.Verdict ?? throw new InvalidDataException($"{folder.Header}: point {trial.Point} is no search.");
    }

    /// <summary>Trials that the plan holds, and of them those that were not run. A search counts as one: nobody knows how many tries it will take.</summary>
    internal static (int Planned, int Missing) Trials(RunHeader header, IReadOnlyList<PointSummary> points, int probed)
    {
        var searches = header.Points.Count(point => point.FindsSustainable);
        var planned = (header.Points.Count - searches) * header.Repetitions + searches;
        return (planned, Math.Max(0, planned - points.Count(p => p.Try is null) - points.Where(p => p.Try is not null).Select(p => p.Point).Distinct().Count() - probed));
    }

    internal static RunHeader ReadHeader(RunFolder folder)
    {
        if (!File.Exists(folder.Header)) throw new InvalidDataException($"{folder.Root} is not a run folder: it has no header.json.");
        var header = RecordJson.Read<RunHeader>(File.ReadAllText(folder.Header), folder.Header);
        if (header.Version > RunHeader.CurrentVersion)
            throw new InvalidDataException($"{folder.Header} has version {header.Version}; this program reads up to {RunHeader.CurrentVersion}. Use the program that wrote it or a newer one.");
        if (header.Points.Any(point => point.Sweep is null || point.Axes is null || point.Settings is null)) throw new InvalidDataException($"{folder.Header} is damaged: a point has no sweep, axes or settings.");
        if (header.Points.GroupBy(point => point.Point).FirstOrDefault(same => same.Count() > 1) is { } twice) throw new InvalidDataException($"{folder.Header}: point {twice.Key} stands twice.");
        if (!DateTimeOffset.TryParse(header.StartedAt, CultureInfo.InvariantCulture, out _)) throw new InvalidDataException($"{folder.Header}: startedAt is no time.");
        return header;
    }

    private static IEnumerable<TrialRecord> ReadJournal(RunFolder folder)
    {
        if (!File.Exists(folder.Journal)) yield break;
        var text = File.ReadAllText(folder.Journal);
        var whole = text.LastIndexOf('\n') + 1;
        var number = 0;
        foreach (var line in text[..whole].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            number++;
            var trial = RecordJson.Read<TrialRecord>(line, $"{folder.Journal}, line {number}");

            // A role that died within the window left it open: its end is 0.
            var isOpen = trial.Failure is not null && trial.SteadyEndNs == 0;
            if (trial.SteadyBeginNs < 0 || (trial.SteadyEndNs < trial.SteadyBeginNs && !isOpen)) throw new InvalidDataException($"{folder.Journal}, line {number}: the window ends before it begins.");
            yield return trial;
        }
    }

    private static TrialBooks ReadBooks(RunFolder folder, TrialRecord trial)
    {
        var books = new TrialBooks();
        foreach (var role in new[] { "source", "sink", PointAnalysis.Sut }) ReadEvents(folder, role, trial, record => books.Add(record));
        return books;
    }

    private static PollBooks ReadPolls(RunFolder folder, TrialRecord trial)
    {
        var polls = new PollBooks();
        ReadEvents(folder, "poll", trial, polls.Add);
        ReadEvents(folder, "source", trial, polls.AddMail);
        return polls;
    }

    private static void ReadEvents(RunFolder folder, string role, TrialRecord trial, Action<EventRecord> add)
    {
        var path = folder.EventsOf(role, trial.Point, trial.Repetition);
        if (!File.Exists(path)) return;
        using var stream = File.OpenRead(path);
        if (stream.Length < EventStream.HeaderBytes) return;
        try
        {
            EventStream.ReadHeader(stream);
            foreach (var record in EventStream.ReadRecords(stream)) add(record);
        }
        catch (InvalidDataException damaged)
        {
            throw new InvalidDataException($"{path}: {damaged.Message}", damaged);
        }
    }
}
