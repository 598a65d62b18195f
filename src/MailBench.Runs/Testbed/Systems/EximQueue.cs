namespace MailBench.Runs.Testbed.Systems;

/// <summary>Exim's queue: a <c>-D</c> and an <c>-H</c> file per message beneath <c>input</c>; <c>exim -bp</c> lists it (specification, "Command line options").</summary>
internal static class EximQueue
{
    private static readonly EnumerationOptions Everything = new() { RecurseSubdirectories = true, MaxRecursionDepth = 1, IgnoreInaccessible = true, AttributesToSkip = 0 };

    public static long Count(string spool)
    {
        var input = Path.Combine(spool, "input");
        return Directory.Exists(input) ? Directory.EnumerateFiles(input, "*-D", Everything).LongCount() : 0;
    }

    /// <summary>
    /// A message is a line with age, size, ID and the sender in angle brackets (<c>*** frozen ***</c> may follow), then a line per recipient, those delivered already marked D, then an empty line.
    /// </summary>
    public static async Task<IReadOnlyList<QueuedRecipient>> ReadAsync(TextReader listing, CancellationToken cancellationToken)
    {
        var queued = new List<QueuedRecipient>();
        string? sender = null;
        while (await listing.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Length == 0) continue;
            if (!line.StartsWith("        ", StringComparison.Ordinal))
            {
                var (open, close) = (line.IndexOf('<', StringComparison.Ordinal), line.LastIndexOf('>'));
                if (open < 0 || close < open) throw new InvalidDataException($"exim -bp gave a line that is no message: {line}");
                sender = line[(open + 1)..close];
            }
            else if (sender is null) throw new InvalidDataException($"exim -bp gave a recipient without message: {line}");
            else if (line[8] != 'D') queued.Add(new QueuedRecipient(sender, line[8..].Trim()));
        }

        return queued;
    }
}
