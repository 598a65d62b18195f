using System.Collections.Concurrent;
using System.IO.Enumeration;

namespace MailBench.Runs.Testbed;

/// <summary>
/// Removes a folder of very many, as stores of maildirs and queues of files are: first all files, then the folders, the deepest first. A file system that tells its device of what is freed (mounted with discard) waits for the
/// device at each: one by one, 100,000 mailboxes were seen to take three quarters of an hour, several at a time a few minutes. Links are removed and not followed.
/// </summary>
internal sealed class FolderRemoval(string folder)
{
    private const int Threads = 32;

    private long _removed;

    /// <summary>Files and folders that are gone so far; from any thread.</summary>
    public long Removed => Interlocked.Read(ref _removed);

    /// <summary>
    /// A folder that is not there is no fault. Throws <see cref="OperationCanceledException"/> when it is told to stop; the rest is left then. Throws <see cref="IOException"/> where a killed process still holds a
    /// file of it, say, or <see cref="UnauthorizedAccessException"/>.
    /// </summary>
    public void Run(CancellationToken stop)
    {
        var root = new DirectoryInfo(folder);
        if (!root.Exists) return;
        if (root.LinkTarget is null) Empty(stop);
        root.Delete();
    }

    private void Empty(CancellationToken stop)
    {
        var folders = new ConcurrentBag<string>();
        SeveralAtATime.Do(Entries(), Threads, RemoveFile, stop);
        foreach (var level in folders.GroupBy(static path => path.AsSpan().Count(Path.DirectorySeparatorChar)).OrderByDescending(static level => level.Key)) SeveralAtATime.Do(level, Threads, RemoveFolder, stop);

        void RemoveFile((string Path, bool IsFolder) entry)
        {
            if (entry.IsFolder)
            {
                folders.Add(entry.Path);
                return;
            }

            File.Delete(entry.Path);
            Interlocked.Increment(ref _removed);
        }

        void RemoveFolder(string path)
        {
            Directory.Delete(path);
            Interlocked.Increment(ref _removed);
        }
    }

    private FileSystemEnumerable<(string Path, bool IsFolder)> Entries() =>
        new(folder, static (ref FileSystemEntry entry) => (entry.ToFullPath(), IsFolder(ref entry)), new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = default, IgnoreInaccessible = false })
        {
            ShouldRecursePredicate = static (ref FileSystemEntry entry) => IsFolder(ref entry),
        };

    private static bool IsFolder(ref FileSystemEntry entry) => entry.IsDirectory && !entry.Attributes.HasFlag(FileAttributes.ReparsePoint);
}
