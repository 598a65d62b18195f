using System.Text.RegularExpressions;

namespace MailBench.Runs.Probes;

/// <summary>What a trace shows of one message: where its content was written, and whether that was synced before the 250.</summary>
internal sealed record CommitOrder(string? File, bool Replied, bool FileSynced, bool DirectorySynced);

/// <summary>
/// Reads what <c>strace -f -y</c> writes, in the order of its lines: a call that was interrupted by another thread's ends where it is resumed. Pure.
/// </summary>
internal static partial class SyncTrace
{
    /// <summary>The command that traces a program into a file; its end ends the trace.</summary>
    public static IReadOnlyList<string> Command(string output) =>
        ["strace", "-f", "-y", "-s", "4096", "-e", "trace=write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,fsync,fdatasync,rename,renameat,renameat2,link,linkat", "-o", output];

    /// <summary>Follows the message whose content has <paramref name="marker"/>, up to the first 250 to a socket behind its being written.</summary>
    public static CommitOrder Follow(IEnumerable<string> lines, string marker)
    {
        string? file = null;
        var open = new Dictionary<string, string>();
        var synced = new HashSet<string>();
        foreach (var line in lines)
        {
            if (Call().Match(line) is not { Success: true } call) continue;
            var (thread, name, path) = (call.Groups["thread"].Value, call.Groups["name"].Value, call.Groups["path"].Value);
            var resumed = call.Groups["resumed"].Success;
            if (resumed) open.Remove(thread, out path!);
            else if (line.EndsWith("<unfinished ...>", StringComparison.Ordinal)) open[thread] = path;
            if (name is "fsync" or "fdatasync")
            {
                if (path is not null && line.Contains("= 0", StringComparison.Ordinal)) synced.Add(path);
                continue;
            }

            if (resumed || path is null) continue;
            var isFile = path.StartsWith('/');
            if (isFile && line.Contains(marker, StringComparison.Ordinal))
            {
                file = path;
                synced.Clear();
            }
            else if (file is not null && !isFile && line.Contains("\"250 ", StringComparison.Ordinal) && !line.Contains("\"250 2.1.", StringComparison.Ordinal))
                return new CommitOrder(file, true, synced.Contains(file), synced.Contains(Path.GetDirectoryName(file) ?? ""));
        }

        return new CommitOrder(file, false, false, false);
    }

    [GeneratedRegex(@"^(?<thread>\d+)\s+(?:\d+\.\d+\s+)?(?:(?<resumed><\.\.\. )(?<name>\w+) resumed>|(?<name>\w+)\((?:\d+<(?<path>[^>]*)>)?)")]
    private static partial Regex Call();
}
