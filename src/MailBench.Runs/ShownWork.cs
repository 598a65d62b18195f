namespace MailBench.Runs;

/// <summary>Work on many files, which may take minutes: it is shown once a second, and not at all when it is done sooner.</summary>
internal static class ShownWork
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);

    /// <summary>Awaits it; <paramref name="progress"/> says how it stands.</summary>
    public static async Task<T> ShownAsync<T>(this Task<T> work, IRunWatcher watcher, TimeProvider time, Func<RunProgress> progress)
    {
        while (await Task.WhenAny(work, Task.Delay(Between, time)) != work) watcher.Progress(progress());
        return await work;
    }
}
