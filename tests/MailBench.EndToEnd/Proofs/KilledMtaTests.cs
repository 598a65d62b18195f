using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Units;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>
/// <c>kill -9</c> of the MTA under load. Accepted and booked are read from the event files of source and sink, processes that the kill does not touch. A killed process says
/// nothing of power cuts, since the page cache survives it; it shows that recovery and the order of acknowledgement are right. The power is cut in MailBench.Crash.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class KilledMtaTests(ITestOutputHelper output)
{
    private const int Recipients = 5;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 1)]
    public async Task Nothing_acknowledged_is_lost_by_a_kill_under_load_and_one_during_recovery(int seed, int queueDirectories)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs POSIX signals");
        var random = new Random(seed);
        await using var bench = NodeBench.Start(save: false);
        var queue = string.Join(',', Enumerable.Range(0, queueDirectories).Select(i => Path.Combine(bench.Folder, $"queue{i}")));
        var trial = new TrialId("kill", seed, 0);
        var (sourceEvents, sinkEvents) = (Path.Combine(bench.Folder, "source.bin"), Path.Combine(bench.Folder, "sink.bin"));
        bench.Sink.Ask(new BeginTrialCommand(trial, sinkEvents));

        bench.StartMta(queue: queue);
        var source = bench.Start("source", "--control");
        source.Ask(new BeginTrialCommand(trial, sourceEvents) { Source = FullSpeed(bench) });
        source.Ask(new StartLoadCommand());
        await NodeBench.EventuallyAsync(() => bench.Counter(CounterNames.AcceptedRecipients) > 1000, () => "the MTA accepts nothing");
        await RestAsync(random, 1000);
        await KillAsync(bench);
        source.Ask(new HaltLoadCommand());
        source.Ask(new EndTrialCommand());

        // What a first kill left is half recovered, half delivered when the second comes.
        bench.StartMta(queue: queue);
        await RestAsync(random, 300);
        await KillAsync(bench);

        bench.StartMta(queue: queue);
        var recovered = bench.Counter(CounterNames.Queued);
        await bench.DrainAsync();
        bench.Sink.Ask(new EndTrialCommand());
        await NodeBench.EndAsync(bench.Mta);
        var listed = await NodeBench.RunAsync("queue", "list", queue);
        Assert.Equal((0, "", ""), listed);

        var acknowledged = Read(sourceEvents).Where(e => e.Kind == EventKind.Accepted).SelectMany(e => Enumerable.Range(0, e.Recipient).Select(k => (e.Sequence, k))).ToHashSet();
        var booked = Read(sinkEvents).Where(e => e.Kind == EventKind.Booked).Select(e => (e.Sequence, e.Recipient)).ToList();
        var delivered = booked.ToHashSet();
        output.WriteLine($"seed {seed}: {acknowledged.Count} acknowledged, {recovered} queued when the third MTA served, {delivered.Count} delivered, {booked.Count - delivered.Count} of them again");
        Assert.True(acknowledged.Count > 1000);
        Assert.Equal([], acknowledged.Except(delivered).Take(20));

        // The MTA may have committed what it could no longer acknowledge; more than the source ever offered it cannot have.
        var offered = Read(sourceEvents).Where(e => e.Kind == EventKind.Offered).Select(e => e.Sequence).ToHashSet();
        Assert.DoesNotContain(delivered, delivery => !offered.Contains(delivery.Sequence) || delivery.Recipient is < 0 or >= Recipients);
    }

    private static SourceOptions FullSpeed(NodeBench bench) => new()
    {
        To = bench.MtaEndPoint,
        Load = new LoadOptions { Model = LoadModel.Closed, Stages = [new LoadStage(LoadStageKind.KeepConstant, default, 32, TimeSpan.Zero)] },
        Workload = new WorkloadOptions { Size = new ByteSize(4096), Recipients = Recipients, Domains = 4 },
        DrainTimeout = TimeSpan.FromMilliseconds(500),
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
