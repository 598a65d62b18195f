using System.Diagnostics;
using System.Globalization;
using MailBench.Model.Nodes;

namespace MailBench.Benchmarks.Rows;

/// <summary>
/// The queue at its limit: a million messages of 1 KiB for a site that cannot be reached. Memory of the MTA, how long it takes to be ready after <c>kill -9</c> and its memory then, acceptance (and
/// delivery) of mail for others beside an MTA with an empty queue, in alternating rounds, and how long the operator's commands take.
/// <c>[--queue DIR] [--only fill|measure|orders] [--messages N] [--rounds N] [--seconds S]</c>; the parts may be run one after another on the same DIR, each within two minutes on a quiet machine.
/// </summary>
internal static class MillionRow
{
    private static readonly TimeSpan FillPatience = TimeSpan.FromMinutes(15);

    public static void Measure(RowOptions options)
    {
        var only = options.Text("only");
        var messages = (int)options.Number("messages", 1_000_000);
        var given = options.Text("queue");
        var folder = given is null ? Directory.CreateTempSubdirectory("mailbench-million-").FullName : Directory.CreateDirectory(given).FullName;
        Console.WriteLine($"{messages} messages of 1 KiB queued for a site that cannot be reached\n{MachineTime.Describe()}");
        try
        {
            using var bench = new MillionBench(folder);
            if (only is null or "fill") Fill(bench, messages);
            if (only is null or "measure") MeasureFilled(bench, options, messages);
            if (only is null or "orders") MeasureOrders(bench, messages);
        }
        finally
        {
            if (given is null) Directory.Delete(folder, recursive: true);
        }
    }

    private static void Fill(MillionBench bench, int messages)
    {
        using var mta = bench.StartMta("full", out _);
        using var source = Node.StartSource();
        var before = MachineTime.Now();
        var began = Stopwatch.GetTimestamp();
        source.Load(MillionBench.Load(mta.EndPoint, MillionBench.DeadSuffix, domains: 1), null);
        while (mta.Snap()[CounterNames.Accepted] < messages)
        {
            if (Stopwatch.GetElapsedTime(began) > FillPatience) throw new TimeoutException("The queue does not fill.");
            Thread.Sleep(200);
        }

        source.EndLoad();
        var filled = mta.Snap();
        Say("filled in", $"{Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s, {filled[CounterNames.Accepted] / Stopwatch.GetElapsedTime(began).TotalSeconds:N0}/s ({MachineTime.Now().Since(before)})");
        SayMemory("when filled", filled);
        Thread.Sleep(10_000);
        SayMemory("10 s later", mta.Snap());
        mta.Kill();
    }

    private static void MeasureFilled(MillionBench bench, RowOptions options, int messages)
    {
        using var empty = bench.StartMta("empty", out var readyEmpty);
        using var full = bench.StartMta("full", out var ready);
        var recovered = full.Snap();
        if (recovered[CounterNames.Queued] < messages) throw new InvalidDataException($"Only {recovered[CounterNames.Queued]} are queued after kill -9; fill first.");
        Say("ready after kill -9", string.Create(CultureInfo.InvariantCulture, $"{ready.TotalSeconds:0.00} s (empty queue: {readyEmpty.TotalSeconds:0.00} s), {recovered[CounterNames.Queued]:N0} queued"));
        SayMemory("just after", recovered);
        Say("queue list", Time(() => MillionBench.List(bench.QueueOf("full")), out var lines) + $", {lines:N0} lines");

        var medians = new Medians("Acceptance of mail for others, delivered meanwhile");
        using var source = Node.StartSource();
        var seconds = options.Seconds("seconds", 3);
        foreach (var mta in (Node[])[empty, full]) Offer(source, mta, seconds, out _);
        for (var round = 0; round < options.Rounds; round++)
        {
            var before = MachineTime.Now();
            // Who goes first alternates.
            var fullFirst = round % 2 == 1;
            foreach (var isFull in (bool[])[fullFirst, !fullFirst])
            {
                var accepted = Offer(source, isFull ? full : empty, seconds, out var delivered);
                medians.Add(isFull ? "a million queued: accepted" : "empty queue: accepted", accepted, "/s");
                medians.Add(isFull ? "a million queued: delivered" : "empty queue: delivered", delivered, "/s");
            }

            medians.Add("accepted, full ÷ empty", medians.Last("a million queued: accepted") / medians.Last("empty queue: accepted"), "%");
            medians.Add("delivered, full ÷ empty", medians.Last("a million queued: delivered") / medians.Last("empty queue: delivered"), "%");
            medians.EndRound(round, before);
        }

        medians.Print();
        SayMemory("at the end", full.Snap());
        full.Kill();
    }

    /// <summary>What operators do to a million, and how long the MTA's loop keeps a client waiting meanwhile.</summary>
    private static void MeasureOrders(MillionBench bench, int messages)
    {
        using var mta = bench.StartMta("full", out _);
        foreach (var order in (string[][])[["flush", bench.QueueOf("full")], ["remove", bench.QueueOf("full"), "--to", $"d0.{MillionBench.DeadSuffix}"]])
        {
            using var client = new LoopProbe(mta.EndPoint);
            var time = Time(() => MillionBench.Command(["queue", .. order]), out var answer);
            Say($"queue {order[0]}", $"{time}; {answer}; longest wait of a client for a reply meanwhile {client.LongestMs:0.0} ms");
        }

        SayMemory("after all were removed", mta.Snap());
        if (mta.Snap()[CounterNames.Queued] > messages / 100) Say("still queued", $"{mta.Snap()[CounterNames.Queued]:N0}");
    }

    private static double Offer(Node source, Node mta, TimeSpan seconds, out double delivered)
    {
        var queued = mta.Snap()[CounterNames.Queued];
        source.Load(MillionBench.Load(mta.EndPoint, MillionBench.WellSuffix, domains: 100), null);
        Thread.Sleep(TimeSpan.FromSeconds(1));
        var begin = mta.Snap();
        Thread.Sleep(seconds);
        var end = mta.Snap();
        source.EndLoad();
        for (var began = Stopwatch.GetTimestamp(); mta.Snap()[CounterNames.Queued] > queued && Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(20);) Thread.Sleep(20);
        delivered = end.RateSince(begin, CounterNames.Delivered);
        return end.RateSince(begin, CounterNames.Accepted);
    }

    private static string Time<T>(Func<T> work, out T result)
    {
        var began = Stopwatch.GetTimestamp();
        result = work();
        return string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(began).TotalSeconds:0.00} s");
    }

    private static void SayMemory(string when, Snapshot snapshot) =>
        Say($"memory {when}", $"RSS {snapshot[CounterNames.ResidentBytes] / (1 << 20):0} MiB, managed {snapshot[CounterNames.ManagedBytes] / (1 << 20):0} MiB");

    private static void Say(string what, string value) => Console.WriteLine($"  {what,-34} {value}");
}
