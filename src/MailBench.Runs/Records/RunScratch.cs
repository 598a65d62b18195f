using System.Globalization;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Runs.Sweep;
using MailBench.Runs.Testbed;

namespace MailBench.Runs.Records;

/// <summary>
/// What a run makes on disk and does not keep: a folder for each trial, with its queue or its mailboxes, beside the nodes' own files. Very many files take minutes to remove. So it happens when the trial stands in the journal; it
/// is shown, is broken off when the run is interrupted, and takes <see cref="Longest"/> at most. What is left of a trial goes at the run's end, and what is left then when the run is resumed.
/// </summary>
internal sealed class RunScratch(RunFolder folder, string queueRoot, IRunWatcher watcher, TimeProvider time)
{
    /// <summary>100,000 mailboxes on the slowest disk that was met took a third of it.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);

    /// <summary>Who interrupts a run does not wait for a clean-up, but a small one leaves nothing.</summary>
    private static readonly TimeSpan LongestWhenInterrupted = TimeSpan.FromSeconds(5);

    private readonly string[] _roots = [.. new[] { folder.Work, queueRoot }.Distinct()];

    /// <summary>The trial's own folder for queues and mailboxes.</summary>
    public string Of(TrialMark mark) => Path.Combine(queueRoot, string.Create(CultureInfo.InvariantCulture, $"{mark.Point}-{mark.Repetition}"));

    /// <summary>
    /// Before the first trial: a runner that was interrupted or killed left its queues, and a trial's queue is fresh, so that its books hold nothing of another's. Throws <see cref="OperationCanceledException"/>, and
    /// <see cref="RoleFailedException"/> where they cannot be removed.
    /// </summary>
    public async Task ClearAsync(CancellationToken stop)
    {
        foreach (var root in _roots)
        {
            if (await RemoveAsync(root, "removing what this run left when it was stopped", default, Longest, stop) is { } reason) throw new RoleFailedException(new RoleFailure("scratch", reason, []));
            Directory.CreateDirectory(root);
        }
    }

    /// <summary>After a trial. What cannot be removed now is tried once more at the end. Throws <see cref="OperationCanceledException"/> when the run is interrupted.</summary>
    public async Task RemoveAsync(TrialPlan trial, CancellationToken stop)
    {
        var what = trial.Point.Settings.HasUsers() ? string.Create(CultureInfo.InvariantCulture, $"removing {trial.Point.Settings.Integer("users.count"):#,0} mailboxes") : "removing the queue";
        var mark = new TrialMark(trial.Point.Number, trial.Repetition);
        await RemoveAsync(Of(mark), what, mark, Longest, stop);
    }

    /// <summary>After the last trial, however the run ended. What is left all the same, and why; null: nothing.</summary>
    public async Task<string?> EndAsync(CancellationToken stop)
    {
        using var over = new CancellationTokenSource();
        using var hurry = stop.Register(() => over.CancelAfter(LongestWhenInterrupted));
        string? left = null;
        foreach (var root in _roots)
        {
            try
            {
                left = await RemoveAsync(root, "removing queues and mailboxes", default, Longest, over.Token) ?? left;
            }
            catch (OperationCanceledException)
            {
                left = $"{root} still holds queues or mailboxes";
            }
        }

        return left;
    }

    /// <summary>Why something of it is left, or null.</summary>
    private async Task<string?> RemoveAsync(string path, string what, TrialMark mark, TimeSpan longest, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(longest, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token);
        var removal = new FolderRemoval(path);
        try
        {
            var done = Task.Run(() => { removal.Run(either.Token); return true; }, CancellationToken.None);
            await done.ShownAsync(watcher, time, () => new RunProgress(mark, what, null, null) { Detail = string.Create(CultureInfo.InvariantCulture, $"{removal.Removed:#,0} files and folders are gone") });
            return null;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return $"{path} was not removed within {longest.TotalMinutes:0} minutes";
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return $"{path} cannot be removed: {refused.Message}";
        }
    }
}
