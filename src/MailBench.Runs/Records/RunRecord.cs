using System.Globalization;
using System.Text;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;
using MailBench.Runs.Disclosure;
using MailBench.Runs.Sweep;

namespace MailBench.Runs.Records;

/// <summary>The run folder as the runner writes it: resolved profile, header, journal. What it makes and does not keep is <see cref="RunScratch"/>.</summary>
internal sealed class RunRecord : IDisposable
{
    private readonly RunFolder _folder;
    private readonly RunJournal _journal;
    private RunHeader _header;

    private RunRecord(RunFolder folder, RunJournal journal, RunHeader header, string queueRoot)
    {
        (_folder, _journal, _header, QueueRoot) = (folder, journal, header, queueRoot);
        Finished = journal.Finished.GroupBy(trial => (trial.Point, trial.Repetition)).ToDictionary(group => group.Key, group => group.Last());
    }

    /// <summary>The run's ID.</summary>
    public string Run => _header.Run;

    public Calibration? Calibration => _header.Calibration;

    /// <summary>Where the SUT's queues are made, and the disk that is probed.</summary>
    public string QueueRoot { get; }

    /// <summary>By point and repetition; of this or an earlier part of the run.</summary>
    public Dictionary<(int Point, int Repetition), TrialRecord> Finished { get; }

    /// <summary>Makes the folder, or goes on with one that is there (the caller has checked that it is the same profile's).</summary>
    public static RunRecord Open(RunPlan plan, RunFolder folder, string command, TimeProvider time)
    {
        foreach (var directory in new[] { folder.Root, folder.Events, folder.Logs, folder.Work }) Directory.CreateDirectory(directory);
        var header = RunJournal.ReadHeader(folder);
        var run = header?.Run ?? NewRunId(time);
        var queueRoot = plan.Profile.Settings.Find("mta.queuePath") is { } elsewhere ? Path.Combine(Path.GetFullPath(elsewhere), $"mailbench-{run}") : folder.Work;
        Directory.CreateDirectory(queueRoot);
        if (header is null)
        {
            File.WriteAllText(folder.Profile, ProfileText.Write(plan.Profile));
            header = NewHeader(plan, run, command, queueRoot, time);
            RunJournal.WriteHeader(folder, header);
        }

        return new RunRecord(folder, new RunJournal(folder), header, queueRoot);
    }

    /// <summary>Takes the calibration into the header, with what it says of the storage.</summary>
    public async Task<Calibration> CalibratedAsync(Task<Calibration> calibrating)
    {
        var calibration = await calibrating;
        Replace(_header with
        {
            Calibration = calibration,
            Storage = [.. _header.Storage.Select(_ => StorageProbe.Read("mta", QueueRoot, calibration.SyncsPerSecondBefore))],
        });
        return calibration;
    }

    public void Append(TrialRecord trial)
    {
        _journal.Append(trial);
        Finished[(trial.Point, trial.Repetition)] = trial;
    }

    /// <summary>All trials are done; the disk was probed once more.</summary>
    public void Completed(double syncsPerSecondAfter)
    {
        if (_header.Calibration is { } calibration) Replace(_header with { Calibration = calibration with { SyncsPerSecondAfter = syncsPerSecondAfter } });
    }

    /// <summary>Event files of a trial that was abandoned are no part of the run.</summary>
    public void DropUnfinished()
    {
        var kept = Finished.Keys.SelectMany(key => new[] { "source", "sink", "mta", "poll" }.Select(role => _folder.EventsOf(role, key.Point, key.Repetition))).ToHashSet();
        foreach (var file in Directory.EnumerateFiles(_folder.Events))
            if (!kept.Contains(file)) File.Delete(file);
    }

    public void Dispose() => _journal.Dispose();

    private void Replace(RunHeader header)
    {
        RunJournal.WriteHeader(_folder, header);
        _header = header;
    }

    private static RunHeader NewHeader(RunPlan plan, string run, string command, string queueRoot, TimeProvider time) => new()
    {
        Run = run,
        ProfileName = plan.Profile.Name,
        Description = plan.Profile.Description,
        Seed = plan.Profile.Seed,
        Command = command,
        StartedAt = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
        StartedMonotonicNs = MonotonicClock.NowNs,
        Machine = MachineProbe.Read(),
        Storage = [.. Enumerable.Range(0, plan.Points.Max(point => point.Settings.Integer("mta.queueDirectories"))).Select(_ => StorageProbe.Read("mta", queueRoot, null))],
        Points = [.. plan.Points.Select(point => point.Planned)],
        Repetitions = plan.Profile.Repetitions,
        LineBackend = plan.LineBackend,
        LineNote = plan.LineNote,
        Quick = plan.Profile.Quick,
        PrivateNetwork = plan.NeedsPrivateNetwork,
        LeftOut = plan.LeftOut,
    };

    /// <summary>Milliseconds since 2000 in base 36: eight or nine characters, ascending, different for every run of a machine.</summary>
    private static string NewRunId(TimeProvider time)
    {
        var rest = (long)(time.GetUtcNow() - new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero)).TotalMilliseconds;
        var text = new StringBuilder();
        for (; rest > 0; rest /= 36) text.Insert(0, "0123456789abcdefghijklmnopqrstuvwxyz"[(int)(rest % 36)]);
        return text.ToString();
    }
}
