using System.Globalization;
using MailBench.Model.Records;
using static System.FormattableString;

namespace MailBench.Analysis.Verdicts;

/// <summary>The badge of a run, and what its figures do not model.</summary>
internal static class RunConditions
{
    public static Conditions Of(RunHeader header, IReadOnlyList<PointSummary> points)
    {
        var line = header.LineBackend switch
        {
            "userspace" => "user-space line (octets estimated)",
            "kernel" => "kernel line (tc tbf, octets measured)",
            "none" => "no line (loopback; no octets counted)",
            var other => other,
        };
        var durability = Joined(points.Select(p => p.Features.GetValueOrDefault("durability", "unknown")));
        var storage = Joined(header.Storage.Select(s => s.MemoryBacked ? $"{s.FileSystem} (memory-backed)" : $"{s.FileSystem ?? "unknown file system"} on {s.Device ?? "unknown device"}"));
        var windows = Windows([.. points.Where(p => p.WindowSeconds > 0)]);
        var cores = $"{header.Machine.CpuCount} cores shared by all roles";
        var flags = Gates.StorageFlags(header).ToList();
        if (durability.Split(", ").Any(d => d is "none" or "os")) flags.Add("unsynced");
        var kind = header.Quick ? "quick" : "full";
        var badge = string.Create(CultureInfo.InvariantCulture,
            $"{line} · {durability} on {storage} · {windows} windows × {header.Repetitions} · {cores} · {kind}{(flags.Count > 0 ? " · FLAG: " + string.Join(", ", flags) : "")}");
        return new Conditions
        {
            Line = line,
            Durability = durability,
            Storage = storage,
            Windows = windows,
            Repetitions = header.Repetitions,
            Cores = cores,
            Quick = header.Quick,
            StorageFlags = flags,
            Badge = badge,
        };
    }

    public static IReadOnlyList<string> Caveats(RunHeader header, IReadOnlyList<PointSummary> points)
    {
        var caveats = new List<string>();
        if (header.LineBackend == "userspace")
        {
            caveats.Add("The user-space line computes octets from real segments (TCP_INFO, MSS pinned to Ethernet's). It does not model packet loss, TCP slow start on the path, UDP, or preamble and frame gap (+24 octets a frame on real Ethernet). Verdicts between strategies from these octets are indicative.");
            caveats.Add("DNS does not cross the line.");
        }

        if (header.LineBackend == "kernel")
        {
            caveats.Add("The kernel line's octets are those of its queueing discipline: whole Ethernet frames, retransmissions and acknowledgements included, without FCS, preamble and gap (+24 octets a frame on real Ethernet). A full queue drops. A delay is added by a node behind it, so that TCP on the shaped part sees no round trip of its own.");
            caveats.Add("DNS does not cross the line.");
        }

        if (header.LineNote is { } note) caveats.Add(note);
        if (points.Any(p => p.LoadModel == "backlog"))
            caveats.Add("Backlog points hold a constant number of undelivered recipients: they show the delivered rate at saturation and no latency. Their queue is drained with the line opened wide, after the window.");
        if (points.Any(p => p.Polls is not null))
            caveats.Add("Users: the predicted number is what the line alone would carry, an upper bound. Beyond the largest number measured nothing is said: a figure there would be extrapolated. Forward is from the server to the users.");
        if (points.Any(p => p.Polls is null && p.Books.CountedNotBooked))
            caveats.Add("An external system is counted, not booked: its deliveries are booked at the sinks, but what it still holds or has thrown away cannot be told apart, and stands as still queued; its CPU, memory and writes are not seen.");
        if (header.Repetitions == 1) caveats.Add("One repetition: rates are shown, and strategies are ranked by counts that do not depend on the clock, never by rates.");
        caveats.Add($"All roles share {header.Machine.CpuCount} cores: CPU figures are of this testbed.");
        return caveats;
    }

    private static string Windows(IReadOnlyList<PointSummary> points)
    {
        if (points.Count == 0) return "no";
        var (shortest, longest) = (Invariant($"{points.Min(p => p.WindowSeconds):0.#}"), Invariant($"{points.Max(p => p.WindowSeconds):0.#}"));
        return shortest == longest ? $"{longest} s" : $"{shortest} to {longest} s";
    }

    private static string Joined(IEnumerable<string> values) => string.Join(", ", values.Distinct()) is { Length: > 0 } joined ? joined : "unknown";
}
