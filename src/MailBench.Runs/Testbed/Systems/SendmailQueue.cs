namespace MailBench.Runs.Testbed.Systems;

/// <summary>sendmail's queue: <c>dfID</c> holds a message's content, <c>qfID</c> (<c>hfID</c> in quarantine) its envelope, with an R line for each recipient not delivered yet (Installation and Operation Guide, appendix B).</summary>
internal static class SendmailQueue
{
    private static readonly EnumerationOptions Everything = new() { RecurseSubdirectories = true, MaxRecursionDepth = 2, IgnoreInaccessible = true, AttributesToSkip = 0 };

    public static long Count(string spool) => Directory.Exists(spool) ? Directory.EnumerateFiles(spool, "df*", Everything).LongCount() : 0;

    public static IReadOnlyList<QueuedRecipient> Read(string spool)
    {
        var queued = new List<QueuedRecipient>();
        foreach (var path in Directory.EnumerateFiles(spool, "*f*", Everything).Where(path => Path.GetFileName(path) is var name && (name.StartsWith("qf", StringComparison.Ordinal) || name.StartsWith("hf", StringComparison.Ordinal))))
        {
            try
            {
                queued.AddRange(Parse(File.ReadAllText(path)));
            }
            catch (FileNotFoundException)
            {
                // Delivered between the look and the reading.
            }
        }

        return queued;
    }

    /// <summary>A control file: <c>S</c> and the sender, <c>R</c>, flags, a colon and the recipient; addresses may stand in angle brackets.</summary>
    public static IReadOnlyList<QueuedRecipient> Parse(string control)
    {
        var sender = "";
        var recipients = new List<string>();
        foreach (var line in control.Split('\n'))
        {
            if (line.StartsWith('S')) sender = Bare(line[1..]);
            else if (line.StartsWith('R')) recipients.Add(Bare(line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..]));
            else if (line == ".") return [.. recipients.Select(recipient => new QueuedRecipient(sender, recipient))];
        }

        // Without its last line a control file is being written; its message is not accepted yet.
        return [];
    }

    private static string Bare(string address) => address.Trim().TrimStart('<').TrimEnd('>');
}
