namespace MailBench.Reports;

/// <summary>
/// Files of a report. The run folder may come from somebody else, and 'report' writes into it: a link in it must not lead a report onto a file elsewhere, so that
/// what stands there is removed, not written through, and folders that are links are refused.
/// </summary>
internal static class FreshFile
{
    public static FileStream Create(string path)
    {
        File.Delete(path);
        return new FileStream(path, FileMode.CreateNew, FileAccess.Write);
    }

    public static void Write(string path, ReadOnlySpan<byte> octets)
    {
        using var file = Create(path);
        file.Write(octets);
    }

    /// <summary>Throws <see cref="IOException"/> for a link.</summary>
    public static void MakeFolder(string path)
    {
        if (Directory.CreateDirectory(path).LinkTarget is not null) throw new IOException($"{path} is a link; reports are written into the run's own folder only. Remove it, or give --out.");
    }
}
