namespace MailBench.Testing.Tracing;

/// <summary>
/// The proof of class <c>synced</c> from a trace of one session: before each reply that promises, what was written to the queue for it had been synced, and so had the directory
/// of each file that was made for it. With several sessions at once a trace cannot tell whose write is whose, so trace one.
/// </summary>
public static class CommitOrder
{
    /// <summary>What breaks the order, in words; empty when every reply kept it.</summary>
    /// <param name="isQueueFile">Whether an absolute path is a file of the queue that holds messages.</param>
    /// <param name="messageBytes">Writes shorter than a message are others' (state records, headers) and need not be synced before the reply.</param>
    /// <param name="promises">Whether a call writes a promising reply, for example <c>call.Arguments.Contains("\"250 2.0.0")</c>. Its path is the socket's.</param>
    /// <param name="replies">How many promising replies were seen: a trace without any proves nothing.</param>
    public static IReadOnlyList<string> Violations(IReadOnlyList<SystemCall> calls, Func<string, bool> isQueueFile, int messageBytes, Func<SystemCall, bool> promises, out int replies)
    {
        var violations = new List<string>();
        var previous = double.NegativeInfinity;
        replies = 0;
        foreach (var reply in calls.Where(call => IsSend(call) && promises(call)))
        {
            replies++;
            var writes = calls.Where(call => IsWrite(call) && call.Result >= messageBytes && isQueueFile(call.Path) && call.StartSeconds > previous && call.StartSeconds < reply.StartSeconds).ToArray();
            if (writes.Length == 0) violations.Add($"reply {replies} at {reply.StartSeconds:F6}: no message was written to the queue before it");
            foreach (var last in writes.GroupBy(call => call.Path).Select(file => file.MaxBy(call => call.EndSeconds)!))
                if (!IsSynced(calls, last.Path, last.EndSeconds, reply.StartSeconds))
                    violations.Add($"reply {replies} at {reply.StartSeconds:F6}: {last.Path}, written at {last.StartSeconds:F6}, was not synced between");
            foreach (var made in calls.Where(call => IsCreation(call) && isQueueFile(call.Path) && call.StartSeconds < reply.StartSeconds))
                if (writes.Any(call => call.Path == made.Path) && !IsSynced(calls, Path.GetDirectoryName(made.Path)!, made.EndSeconds, reply.StartSeconds))
                    violations.Add($"reply {replies} at {reply.StartSeconds:F6}: the directory of {made.Path}, made at {made.StartSeconds:F6}, was not synced between");
            previous = reply.StartSeconds;
        }

        return violations;
    }

    private static bool IsSynced(IReadOnlyList<SystemCall> calls, string path, double after, double before) =>
        calls.Any(call => call.Name is "fsync" or "fdatasync" && call.Result == 0 && call.Path == path && call.StartSeconds >= after && call.EndSeconds <= before);

    private static bool IsSend(SystemCall call) => call.Name is "write" or "writev" or "sendto" or "sendmsg";

    private static bool IsWrite(SystemCall call) => call.Name is "write" or "writev" or "pwrite64" or "pwritev" or "pwritev2";

    private static bool IsCreation(SystemCall call) => call.Name is "open" or "openat" && call.Arguments.Contains("O_CREAT", StringComparison.Ordinal) && call.Result >= 0;
}
