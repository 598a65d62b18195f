using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Runs;
using MailBench.Runs.Records;
using MailBench.Runs.Sweep;
using MailBench.Runs.Testbed;
using Xunit;

namespace MailBench.Unit.Runs;

/// <summary>Queues and mailboxes go when nobody needs them, and take nothing with them that was measured.</summary>
public sealed class RunScratchTests : IDisposable, IRunWatcher
{
    private static readonly TrialMark First = new(1, 0);

    private readonly RunFolder _folder = new(Directory.CreateTempSubdirectory("mailbench-scratch-").FullName);
    private readonly CancellationToken _never = CancellationToken.None;

    private static TrialPlan Trial => new(RunPlan.Of(ProfileReader.Read("version: 1", "p.yaml")).Points[0], 0);

    private RunScratch Scratch => new(_folder, Path.Combine(_folder.Root, "queues"), this, TimeProvider.System);

    public void Dispose() => Directory.Delete(_folder.Root, recursive: true);

    [Fact]
    public void A_folder_goes_with_all_that_is_in_it_and_links_are_not_followed()
    {
        var (folder, elsewhere) = (Path.Combine(_folder.Root, "store"), Path.Combine(_folder.Root, "elsewhere"));
        Fill(folder);
        Fill(elsewhere);
        if (!OperatingSystem.IsWindows()) Directory.CreateSymbolicLink(Path.Combine(folder, "user1", "link"), elsewhere);
        File.WriteAllText(Path.Combine(folder, ".hidden"), "");
        new FolderRemoval(folder).Run(_never);
        Assert.False(Directory.Exists(folder));
        Assert.Equal(40, Directory.GetFiles(elsewhere, "*", SearchOption.AllDirectories).Length);
        new FolderRemoval(folder).Run(_never);
    }

    [Fact]
    public void Work_that_is_told_to_stop_stops_in_the_midst_and_says_so()
    {
        using var stop = new CancellationTokenSource();
        var done = 0;
        Assert.Throws<OperationCanceledException>(() => SeveralAtATime.Do(Enumerable.Range(0, int.MaxValue), 4, Work, stop.Token));
        Assert.InRange(done, 100, 104);

        void Work(int _)
        {
            var number = Interlocked.Increment(ref done);
            if (number == 100) stop.Cancel();
            // Whoever had begun by then is still at it when the word comes: how long the thread that gives it waits for a processor does not count.
            else if (number > 100) stop.Token.WaitHandle.WaitOne(TimeSpan.FromMinutes(1));
        }
    }

    [Fact]
    public void What_fails_first_is_thrown_as_it_is()
    {
        var refused = Assert.Throws<IOException>(() => SeveralAtATime.Do([1, 2, 3], 2, number => throw new IOException($"refused {number}"), _never));
        Assert.StartsWith("refused ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_interrupted_removal_leaves_goes_when_the_run_is_resumed()
    {
        await Scratch.ClearAsync(_never);
        Fill(Scratch.Of(First));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Scratch.RemoveAsync(Trial, new CancellationToken(canceled: true)));
        Assert.True(Directory.Exists(Scratch.Of(First)));

        await Scratch.ClearAsync(_never);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_folder.Root, "queues")));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Work));
    }

    [Fact]
    public async Task A_trial_takes_only_its_own_folder_with_it_and_the_end_takes_all()
    {
        await Scratch.ClearAsync(_never);
        Fill(Scratch.Of(First));
        Fill(Scratch.Of(new TrialMark(2, 0)));
        await Scratch.RemoveAsync(Trial, _never);
        Assert.False(Directory.Exists(Scratch.Of(First)));
        Assert.True(Directory.Exists(Scratch.Of(new TrialMark(2, 0))));
        // A small rest goes even when somebody is in a hurry.
        Assert.Null(await Scratch.EndAsync(new CancellationToken(canceled: true)));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Root));
    }

    void IRunWatcher.Calibrating(Calibration? done)
    {
    }

    void IRunWatcher.TrialBegins(TrialPlan trial, int number, int total, TimeSpan left)
    {
    }

    void IRunWatcher.Progress(RunProgress progress)
    {
    }

    void IRunWatcher.TrialEnds(TrialPlan trial, TrialRecord record)
    {
    }

    private static void Fill(string folder)
    {
        foreach (var user in Enumerable.Range(0, 20))
        {
            var cur = Directory.CreateDirectory(Path.Combine(folder, $"user{user}", "cur")).FullName;
            File.WriteAllText(Path.Combine(cur, "message"), "");
            File.WriteAllText(Path.Combine(folder, $"user{user}", "mailbench-uids"), "");
        }
    }
}
