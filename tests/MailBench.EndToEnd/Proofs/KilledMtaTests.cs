using System.Globalization;
using System.Net.NetworkInformation;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Units;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>
/// <c>kill -9</c> of the MTA at random instants under a load that goes on all the while, every fourth time before it serves again. Accepted and booked are read from the event files of source and sink,
/// processes that a kill does not touch. A killed process says nothing of power cuts, since the page cache survives it; it shows that recovery and the order of acknowledgement are right. The
/// power is cut in MailBench.Crash. <c>MAILBENCH_KILLS=200</c> in the environment makes it that many for each backend.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class KilledMtaTests(ITestOutputHelper output)
{
    private const int Recipients = 5, Users = 8;
    private static readonly int Kills = int.Parse(Environment.GetEnvironmentVariable("MAILBENCH_KILLS") ?? "10", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData(QueueBackend.Segments, 1)]
    [InlineData(QueueBackend.Files, 2)]
    public async Task Nothing_acknowledged_is_lost_by_kills_under_load_and_only_what_was_in_flight_comes_twice(QueueBackend backend, int queueDirectories)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs POSIX signals");
        var random = new Random((int)backend + 1);
        await using var bench = NodeBench.Start(save: false);
        var queue = string.Join(',', Enumerable.Range(0, queueDirectories).Select(i => Path.Combine(bench.Folder, $"queue{i}")));
        var config = $"queueBackend: {backend.ToString().ToLowerInvariant()}\nretry: {{first: 200ms, max: 1s}}\n";
        var trial = new TrialId("kill", 0, 0);
        var (sourceEvents, sinkEvents) = (Path.Combine(bench.Folder, "source.bin"), Path.Combine(bench.Folder, "sink.bin"));
        bench.Sink.Ask(new BeginTrialCommand(trial, sinkEvents));
        bench.StartMta(queue, config);
        var source = bench.Start("source", "--control");
        source.Ask(new BeginTrialCommand(trial, sourceEvents) { Source = FullSpeed(bench) });
        source.Ask(new StartLoadCommand());

        var killed = new List<(long SentNs, long OverNs)>();
        for (var kill = 0; kill < Kills; kill++)
        {
            var duringRecovery = kill % 4 == 3;
            if (kill > 0) bench.StartMta(queue, config, port: bench.MtaEndPoint.Port, awaitReady: !duringRecovery);
            if (!duringRecovery) await NodeBench.EventuallyAsync(() => bench.Counter(CounterNames.AcceptedRecipients) > 50, () => "the MTA accepts nothing");
            await RestAsync(random, 300);
            var sentNs = MonotonicClock.NowNs;
            await KillAsync(bench);
            // What it had sent before is booked when the sink has read its sessions to their end.
            await NodeBench.EventuallyAsync(() => !Reads(bench.SinkEndPoint.Port), () => "the sink still reads what the killed MTA sent");
            killed.Add((sentNs, MonotonicClock.NowNs));
        }

        bench.StartMta(queue, config, port: bench.MtaEndPoint.Port);
        source.Ask(new HaltLoadCommand());
        source.Ask(new EndTrialCommand());
        await bench.DrainAsync();
        bench.Sink.Ask(new EndTrialCommand());
        await NodeBench.EndAsync(bench.Mta);
        Assert.Equal((0, "", ""), await NodeBench.RunAsync("queue", "list", queue));
        Check(Read(sourceEvents), Read(sinkEvents), killed);
    }

    private void Check(List<EventRecord> sent, List<EventRecord> received, List<(long SentNs, long OverNs)> killed)
    {
        var acknowledged = sent.Where(e => e.Kind == EventKind.Accepted).SelectMany(e => Enumerable.Range(0, e.Recipient).Select(k => (e.Sequence, k))).ToHashSet();
        var booked = received.Where(e => e.Kind == EventKind.Booked).GroupBy(e => (e.Sequence, e.Recipient)).ToDictionary(group => group.Key, group => group.Select(e => e.TimeNs).Order().ToArray());

        // How long before a kill that it was delivered, of each that came again.
        var again = booked.Values.SelectMany(times => times.SkipLast(1).Select(time => (Life: LifeOf(time), AgeNs: KillAfter(time) - time))).ToList();
        var oldestMs = again.Count == 0 ? 0 : again.Max(delivery => delivery.AgeNs) / 1e6;
        output.WriteLine($"{killed.Count} kills: {acknowledged.Count} recipients acknowledged, {booked.Count} delivered, {again.Count} of them again ({again.Count / (double)killed.Count:0.0} a kill), delivered at most {oldestMs:0} ms before the kill");
        Assert.True(acknowledged.Count > 50 * killed.Count / 2);
        Assert.Equal([], acknowledged.Except(booked.Keys).Take(20));

        // No kill between two deliveries, no second one; and what had long been delivered when the kill came stays so.
        Assert.All(booked.Values, times => Assert.Equal(times.Length, times.Select(LifeOf).Distinct().Count()));
        Assert.True(oldestMs < InFlightMs, $"a recipient was delivered again although it had been delivered {oldestMs:0} ms before the kill");

        // The MTA may have committed what it could no longer acknowledge; more than the source ever offered it cannot have.
        var offered = sent.Where(e => e.Kind == EventKind.Offered).Select(e => e.Sequence).ToHashSet();
        Assert.DoesNotContain(booked.Keys, delivery => !offered.Contains(delivery.Sequence) || delivery.Recipient is < 0 or >= Recipients);

        int LifeOf(long time) => killed.Count(kill => kill.OverNs < time);
        long KillAfter(long time) => killed.Where(kill => kill.OverNs >= time).Select(kill => kill.SentNs).DefaultIfEmpty(long.MaxValue).First();
    }

    /// <summary>Whether a session into the port is not at its end.</summary>
    private static bool Reads(int port) =>
        IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpConnections().Any(connection => connection.LocalEndPoint.Port == port && connection.State is TcpState.Established or TcpState.CloseWait);

    /// <summary>States ride with a group within 100 ms; the rest is for a busy machine, whose disk or scheduler may pause.</summary>
    private const double InFlightMs = 1_000;

    private static SourceOptions FullSpeed(NodeBench bench) => new()
    {
        To = bench.MtaEndPoint,
        Load = new LoadOptions { Model = LoadModel.Closed, Stages = [new LoadStage(LoadStageKind.KeepConstant, default, Users, TimeSpan.Zero)] },
        Workload = new WorkloadOptions { Size = new ByteSize(4096), Recipients = Recipients, Domains = 4 },
        DrainTimeout = TimeSpan.FromSeconds(5),
    };

    /// <summary>The random instant, not bound to any point of the dialogue; a busy machine makes it later.</summary>
    private static Task RestAsync(Random random, int atMostMs) => Task.Delay(random.Next(atMostMs));

    private static async Task KillAsync(NodeBench bench)
    {
        bench.Mta.Signal(9);
        Assert.Equal(128 + 9, (await bench.Mta.WaitForEndAsync()).Code);
    }

    private static List<EventRecord> Read(string path)
    {
        using var file = File.OpenRead(path);
        EventStream.ReadHeader(file);
        return [.. EventStream.ReadRecords(file)];
    }
}
