namespace MailBench.Peers.Source.Workload;

/// <summary>
/// Real mail, sent as it is: an mbox file, a maildir (its <c>cur</c> and <c>new</c>) or a folder of <c>.eml</c> files, in the order of names. The only changes
/// are those of the method's "octet for octet": LF → CRLF, mboxrd unescaping, a final CRLF where one is missing. A bare CR, NULs, 8-bit octets and
/// lines of any length stay, and a server that refuses them is counted as refusing.
/// </summary>
internal static class RealMail
{
    /// <summary>All messages of <paramref name="path"/>; throws <see cref="WorkloadException"/> for a path without mail or with more than <paramref name="limitBytes"/>.</summary>
    public static IEnumerable<byte[]> Read(string path, long limitBytes)
    {
        try
        {
            return Directory.Exists(path) ? ReadFolder(path, limitBytes) : ReadMbox(path, limitBytes);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new WorkloadException($"{path}: the mail cannot be read: {failed.Message}", failed);
        }
    }

    private static List<byte[]> ReadMbox(string path, long limitBytes)
    {
        CheckLimit(path, new FileInfo(path).Length, limitBytes);
        var mbox = File.ReadAllBytes(path);
        if (mbox.Length == 0) throw new WorkloadException($"{path} is empty: it holds no mail.");
        if (!mbox.AsSpan().StartsWith("From "u8))
            throw new WorkloadException($"{path} is no mbox: it does not begin with a line 'From '. For single messages name the folder of .eml files.");
        return Mbox.Split(mbox);
    }

    private static List<byte[]> ReadFolder(string path, long limitBytes)
    {
        var files = IsMaildir(path)
            ? Names(Path.Combine(path, "cur")).Concat(Names(Path.Combine(path, "new")))
            : Directory.EnumerateFiles(path).Where(file => file.EndsWith(".eml", StringComparison.OrdinalIgnoreCase));
        var ordered = files.Order(StringComparer.Ordinal).ToList();
        if (ordered.Count == 0)
            throw new WorkloadException($"{path} holds no mail: neither a maildir's cur and new with messages, nor files that end with .eml.");
        var octets = 0L;
        foreach (var file in ordered) CheckLimit(path, octets += new FileInfo(file).Length, limitBytes);
        return [.. ordered.Select(file => LineEnds.ToWire(File.ReadAllBytes(file)))];
    }

    private static bool IsMaildir(string path) => Directory.Exists(Path.Combine(path, "cur")) || Directory.Exists(Path.Combine(path, "new"));

    // A leading dot marks what is no message in a maildir.
    private static IEnumerable<string> Names(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder).Where(file => Path.GetFileName(file)[0] != '.') : [];

    private static void CheckLimit(string path, long octets, long limitBytes)
    {
        if (octets > limitBytes)
            throw new WorkloadException($"{path} holds more than {limitBytes >> 20}MiB of mail. The source keeps it in memory, lest a disk disturb its timing: name a smaller sample.");
    }
}
