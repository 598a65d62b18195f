namespace MailBench.Runs.Testbed.Systems;

/// <summary>
/// OpenSMTPD's queue: <c>queue/XX/MESSAGE/</c> holds the content in <c>message</c> and a text file per envelope, that is, per recipient not delivered yet; <c>incoming/MESSAGE/</c> what is being received.
/// </summary>
internal static class OpenSmtpdQueue
{
    public static long Count(string spool)
    {
        var (queue, incoming) = (Path.Combine(spool, "queue"), Path.Combine(spool, "incoming"));
        return (Directory.Exists(queue) ? Buckets(queue).Sum(bucket => Entries(bucket).LongCount()) : 0) + (Directory.Exists(incoming) ? Entries(incoming).LongCount() : 0);
    }

    public static IReadOnlyList<QueuedRecipient> Read(string spool)
    {
        var queue = Path.Combine(spool, "queue");
        if (!Directory.Exists(queue)) return [];
        var queued = new List<QueuedRecipient>();
        foreach (var message in Buckets(queue).SelectMany(Entries))
            foreach (var envelope in Directory.EnumerateFiles(message).Where(file => Path.GetFileName(file) != "message"))
                if (TextOf(envelope) is { } text) queued.Add(Parse(text, Path.GetFileName(envelope)));
        return queued;
    }

    /// <summary>An envelope: <c>NAME: value</c> lines. A bounce under way has an empty sender.</summary>
    public static QueuedRecipient Parse(string envelope, string name)
    {
        string? sender = null, recipient = null;
        foreach (var line in envelope.Split('\n'))
        {
            if (line.StartsWith("sender: ", StringComparison.Ordinal)) sender = line[8..].Trim();
            else if (line.StartsWith("dest: ", StringComparison.Ordinal)) recipient = line[6..].Trim();
        }

        return recipient is null ? throw new InvalidDataException($"envelope {name} of OpenSMTPD's queue has no destination") : new QueuedRecipient(sender ?? "", recipient);
    }

    private static IEnumerable<string> Buckets(string queue) => Directory.EnumerateDirectories(queue);

    /// <summary>None where the MTA has just removed the directory.</summary>
    private static IEnumerable<string> Entries(string directory)
    {
        try
        {
            return Directory.EnumerateDirectories(directory).ToArray();
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    private static string? TextOf(string envelope)
    {
        try
        {
            return File.ReadAllText(envelope);
        }
        catch (FileNotFoundException)
        {
            // Delivered between the look and the reading.
            return null;
        }
    }
}
