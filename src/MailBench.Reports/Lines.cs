using MailBench.Model.Records;

namespace MailBench.Reports;

/// <summary>The disclosure as name and value, for every kind of report.</summary>
internal static class Lines
{
    public static IEnumerable<(string Name, string Value)> Machine(RunSummary run)
    {
        var m = run.Machine;
        yield return ("MailBench", m.MailBenchVersion + (m.Commit is null ? "" : $" ({m.Commit})"));
        yield return ("system", $"{m.Os}, kernel {m.Kernel}");
        yield return ("CPU", $"{m.CpuCount} × {m.CpuModel}");
        yield return ("memory", $"{Say.Number(m.MemoryBytes / (double)(1L << 30))} GiB");
        yield return ("runtime", $"{m.Runtime}, {m.GcMode}");
        yield return ("limits", $"{m.OpenFilesLimit} open files{(m.PortRange is null ? "" : $", ports {m.PortRange}")}");
        yield return ("seed", run.Seed.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    public static IEnumerable<(string Name, string Value)> Storage(RunSummary run)
    {
        foreach (var s in run.Storage)
        {
            yield return (s.Role, $"{s.FileSystem ?? "unknown file system"} on {s.Device ?? "unknown device"}");
            yield return ("RAID level", (s.RaidLevel ?? "not told by the system") + (s.Striped == true ? " (striped)" : ""));
            yield return ("write cache", s.WriteCache ?? "not told by the system");
            yield return ("append + fdatasync", s.SyncsPerSecond is { } rate ? $"{Say.Number(rate)}/s, one writer{(s.ImplausiblyFast ? " (implausibly fast for a durable device)" : "")}" : "not probed");
            yield return ("memory-backed", s.MemoryBacked ? "yes" : "no");
        }
    }

    public static IEnumerable<(string Name, string Value)> Calibration(RunSummary run)
    {
        if (run.Calibration is not { } c)
        {
            yield return ("calibration", "none");
            yield break;
        }

        foreach (var ceiling in c.Ceilings)
            yield return ($"source → sink, {ceiling.Recipients} recipient{(ceiling.Recipients == 1 ? "" : "s")} a message", $"{Say.Number(ceiling.MessagesPerSecond)} messages/s, {Say.Number(ceiling.DeliveriesPerSecond)} deliveries/s ({ceiling.Workload})");
        foreach (var line in c.Lines) yield return ($"line at {Say.Capacity(line.CapacityBitsPerSecond)}", $"{Say.Percent(line.BusyForward)} of capacity over {Say.Number(line.Seconds)} s");
        yield return ("sync probe", $"{Say.Number(c.SyncsPerSecondBefore)}/s before, {(c.SyncsPerSecondAfter is { } after ? Say.Number(after) + "/s after" : "not probed after")}");
        if (c.DnsAnswersPerSecond is { } dns) yield return ("DNS responder", $"{Say.Number(dns)} answers/s");
    }
}
