using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using MailBench.EndToEnd.Mta;
using MailBench.Model.Nodes;
using MailBench.Testing.Processes;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>
/// The program's own nodes as separate processes, joined by sockets as a user joins them: DNS responder (domains d0.test … d3.test over two MX hosts), sink, MTA. Every port is
/// picked, every folder temporary, every process ended with the test.
/// </summary>
internal sealed class NodeBench : IAsyncDisposable
{
    private static readonly string[] MxAddresses = ["127.0.72.1", "127.0.72.2"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<MailbenchProcess> _processes = [];
    private IPEndPoint? _dns;
    private bool _save;

    private NodeBench() { }

    public string Folder { get; } = Directory.CreateTempSubdirectory("mailbench-proof-").FullName;
    public string Queue => Path.Combine(Folder, "queue");
    public string Saved => Path.Combine(Folder, "saved");
    public MailbenchProcess Sink { get; private set; } = null!;
    public IPEndPoint SinkEndPoint { get; private set; } = null!;
    public MailbenchProcess Mta { get; private set; } = null!;
    public IPEndPoint MtaEndPoint { get; private set; } = null!;

    /// <summary>DNS responder and sink; the sink takes commands where it does not save.</summary>
    public static NodeBench Start(bool save)
    {
        var bench = new NodeBench();
        bench._save = save;
        bench.StartSink();
        var dns = bench.Start("dns", "--listen", "127.0.0.1:0", "--generate", "domains=4,mx=2,per-domain=2,addresses=127.0.72.0/24");
        bench._dns = dns.ReadReady("dns");
        return bench;
    }

    /// <summary>The sink, again at the port of one before it.</summary>
    public void StartSink()
    {
        var listen = string.Join(',', MxAddresses.Select(address => $"{address}:{SinkEndPoint?.Port ?? 0}"));
        Sink = _save ? Start("sink", "--listen", listen, "--save", Saved) : Start("sink", "--listen", listen, "--control");
        SinkEndPoint = Sink.ReadReady("sink");
        Sink.ReadReady("sink");
    }

    /// <summary>An MTA on this bench's queue, under control; of a killed one before it nothing is left but the queue. <paramref name="trace"/>: its system calls are written there.</summary>
    /// <param name="port">Of one before it; 0 picks one.</param>
    /// <param name="awaitReady">False: it may be killed before it serves.</param>
    public void StartMta(string? queue = null, string? config = null, string? trace = null, int port = 0, bool awaitReady = true)
    {
        string[] arguments =
        [
            "mta", "--listen", $"127.0.0.1:{port}", "--queue", queue ?? Queue, "--dns", _dns!.ToString(), "--smtp-port", $"{SinkEndPoint.Port}", "--relay-from", "127.0.0.0/8", "--hostname", "mta.test",
            "--control", .. config is null ? Array.Empty<string>() : ["--config", Write("mta.yaml", config)],
        ];
        Mta = Own(trace is null ? MailbenchProcess.Start(arguments) : MailbenchProcess.StartTraced(trace, stringOctets: 64 << 10, arguments));
        if (awaitReady) MtaEndPoint = Mta.ReadReady("mta");
    }

    /// <summary>Starts a node that ends with this bench.</summary>
    public MailbenchProcess Start(params string[] arguments) => Own(MailbenchProcess.Start(arguments));

    public string Write(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>One of the MTA's counters now.</summary>
    public double Counter(string name) => Mta.Ask(new SnapshotCommand()).Data![name]!.GetValue<double>();

    /// <summary>Waits until no recipient is queued any more.</summary>
    public Task DrainAsync() => EventuallyAsync(() => Counter(CounterNames.Queued) == 0, () => $"the MTA still has {Counter(CounterNames.Queued)} recipients queued");

    /// <summary>SIGTERM, or for a node under control the end of its input; the object of counts that the node says last. Its exit code must be 0.</summary>
    public static async Task<JsonObject> EndAsync(MailbenchProcess node, bool bySignal = true)
    {
        if (bySignal) node.Terminate();
        else node.CloseInput();
        var (code, last) = await node.WaitForEndAsync();
        Assert.True(code == 0, $"exit code {code}: {await node.Error}");
        return JsonNode.Parse(last!)!.AsObject();
    }

    /// <summary>Runs a command of the program to its end; exit code, all of its standard output, standard error.</summary>
    public static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        await using var process = MailbenchProcess.Start(arguments);
        var output = new List<string>();
        while (process.ReadLine() is { } line) output.Add(line);
        var (code, _) = await process.WaitForEndAsync();
        return (code, string.Join('\n', output), await process.Error);
    }

    /// <summary>What the sink kept, in the order in which it came.</summary>
    public IReadOnlyList<SavedMessage> SavedMessages() => [.. Directory.EnumerateFiles(Saved, "*.eml").OrderBy(path => int.Parse(Path.GetFileNameWithoutExtension(path))).Select(path =>
    {
        using var envelope = JsonDocument.Parse(File.ReadAllText(Path.ChangeExtension(path, ".json")));
        return new SavedMessage(
            envelope.RootElement.GetProperty("reversePath").GetString()!,
            [.. envelope.RootElement.GetProperty("recipients").EnumerateArray().Select(recipient => recipient.GetString()!)],
            File.ReadAllBytes(path));
    })];

    /// <summary>Waits, within bounds, until a condition holds.</summary>
    public static async Task EventuallyAsync(Func<bool> condition, Func<string> otherwise)
    {
        var start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Patience) Assert.Fail(otherwise());
            await Task.Delay(20);
        }
    }

    private MailbenchProcess Own(MailbenchProcess process)
    {
        _processes.Add(process);
        return process;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(_processes)) await process.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
