using System.Text.Json;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>Postfix's queue: a file per message in one of four directories; <c>postqueue -j</c> lists it, a JSON object a line (postqueue(1)).</summary>
internal static class PostfixQueue
{
    /// <summary>Where a message waits or is under way; <c>defer</c>, <c>bounce</c> and <c>trace</c> hold logs about messages.</summary>
    private static readonly string[] Holding = ["maildrop", "incoming", "active", "deferred", "hold"];

    /// <summary>A queue file; a deferred one lies a directory deeper, by the first letter of its name (hash_queue_names).</summary>
    public static long Count(string spool) =>
        Holding.Select(name => Path.Combine(spool, name)).Where(Directory.Exists).Sum(directory => Directory.EnumerateFiles(directory, "*", Everything).LongCount());

    private static readonly EnumerationOptions Everything = new() { RecurseSubdirectories = true, MaxRecursionDepth = 3, IgnoreInaccessible = true, AttributesToSkip = 0 };

    /// <summary>The undelivered recipients of a line; none for one that is no message. Throws <see cref="InvalidDataException"/> for anything but JSON.</summary>
    public static IReadOnlyList<QueuedRecipient> ParseLine(string line)
    {
        if (line.Length == 0) return [];
        try
        {
            using var message = JsonDocument.Parse(line);
            if (!message.RootElement.TryGetProperty("sender", out var sender) || !message.RootElement.TryGetProperty("recipients", out var recipients)) return [];
            return [.. recipients.EnumerateArray().Select(recipient => new QueuedRecipient(sender.GetString() ?? "", recipient.GetProperty("address").GetString() ?? ""))];
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InvalidDataException($"postqueue -j gave a line that is no queue entry: {malformed.Message}", malformed);
        }
    }
}
