using System.Globalization;
using System.Text.Json.Nodes;
using MailBench.Testing.Processes;

namespace MailBench.Benchmarks.Rows;

/// <summary>
/// How late the source's own loop is at open-loop arrivals: a source as a user starts it (<c>mailbench source --rate 10000/s</c>), each round a fresh process, into our sink, a process of
/// its own. <c>[--rounds N] [--rate R] [--seconds S] [--hogs N]</c>; hogs are processes that compute without end meanwhile.
/// </summary>
internal static class LatenessRow
{
    public static void Measure(RowOptions options)
    {
        var rate = options.Number("rate", 10_000);
        var seconds = options.Number("seconds", 8);
        var hogs = Enumerable.Range(0, (int)options.Number("hogs", 0)).Select(_ => Foreign.Start("sh", "-c", "while :; do :; done")).ToArray();
        try
        {
            var medians = new Medians($"Lateness of open-loop arrivals at {rate:0}/s for {seconds:0.#} s, 4 KiB, 64 sessions, {hogs.Length} computing neighbours");
            using var sink = Node.StartSink();
            for (var round = 0; round < options.Rounds; round++)
            {
                var before = MachineTime.Now();
                var counts = Offer(sink, rate, seconds);
                var lateness = counts["latenessMs"]!;
                foreach (var name in (string[])["p50", "p90", "p99", "p999", "max"]) medians.Add($"lateness {name}", (double)lateness[name]!, "ms");
                medians.Add("waiting", (double)counts["waiting"]!, "");
                medians.EndRound(round, before);
            }

            medians.Print();
        }
        finally
        {
            foreach (var hog in hogs) hog.Dispose();
        }
    }

    private static JsonObject Offer(Node sink, double rate, double seconds)
    {
        var source = MailbenchProcess.Start(
            "source", "--to", sink.EndPoint.ToString(), "--rate", string.Create(CultureInfo.InvariantCulture, $"{rate}/s"), "--duration", string.Create(CultureInfo.InvariantCulture, $"{seconds}s"),
            "--size", "4KiB", "--max-sessions", "64");
        try
        {
            var (_, last) = source.WaitForEndAsync().GetAwaiter().GetResult();
            return (JsonObject)JsonNode.Parse(last!)!;
        }
        finally
        {
            source.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }
}
