namespace MailBench.Runs.Testbed.Systems;

/// <summary>The last lines of a log that somebody else is writing.</summary>
internal static class LogTail
{
    private const int Octets = 8192;
    private const int KeptLines = 20;

    /// <summary>Empty when there is none.</summary>
    public static IReadOnlyList<string> Of(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Seek(Math.Max(0, file.Length - Octets), SeekOrigin.Begin);
            using var reader = new StreamReader(file);
            return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(KeptLines)];
        }
        catch (IOException)
        {
            return [];
        }
    }
}
