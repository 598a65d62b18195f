using System.Diagnostics;
using System.Net;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Testing;

namespace MailBench.Benchmarks.Rows;

/// <summary>A zone with a site that refuses connections and one that takes all mail, and MTAs on queues below a folder.</summary>
internal sealed class MillionBench : IDisposable
{
    public const string DeadSuffix = "dead.test", WellSuffix = "well.test";
    private const string DeadAddress = "127.0.91.9", WellAddress = "127.0.91.1";
    private const int Sessions = 64;

    private readonly string _folder;
    private readonly Node _dns;
    private readonly Node _sink;

    public MillionBench(string folder)
    {
        _folder = folder;
        var zone = Path.Combine(folder, "test.zone");
        var well = string.Concat(Enumerable.Range(0, 100).Select(i => $"d{i}.well MX 10 mx.well\n"));
        File.WriteAllText(zone, $"$ORIGIN test.\n$TTL 3600\n@ SOA ns.test. root.test. 1 3600 600 86400 300\n@ NS ns\nns A 127.0.0.1\nd0.dead MX 10 mx.dead\nmx.dead A {DeadAddress}\nmx.well A {WellAddress}\n{well}");
        _dns = Node.Listening("dns", "--listen", "127.0.0.1:0", "--zone", zone);
        _sink = Node.Listening("sink", "--listen", $"{WellAddress}:0");
        File.WriteAllText(Config, "sessionsPerSite: 16\n");
    }

    private string Config => Path.Combine(_folder, "mta.yaml");

    public string QueueOf(string name) => Path.Combine(_folder, name);

    /// <param name="ready">From the process's start until it serves.</param>
    public Node StartMta(string name, out TimeSpan ready)
    {
        var began = Stopwatch.GetTimestamp();
        var mta = Node.Listening(
            "mta", "--listen", "127.0.0.1:0", "--queue", QueueOf(name), "--dns", _dns.EndPoint.ToString(), "--smtp-port", $"{_sink.EndPoint.Port}", "--relay-from", "127.0.0.0/8", "--hostname", "mta.test",
            "--config", Config);
        ready = Stopwatch.GetElapsedTime(began);
        return mta;
    }

    public static SourceOptions Load(IPEndPoint to, string suffix, int domains) => new()
    {
        To = to,
        Load = PeersRow.Closed(Sessions),
        Workload = new WorkloadOptions { Size = new ByteSize(1024), Domains = domains, Suffix = suffix },
    };

    /// <summary>Lists a queue into nothing; returns the lines.</summary>
    public static long List(string queue)
    {
        using var list = Process.Start(new ProcessStartInfo(CliProcess.Program, ["queue", "list", queue]) { RedirectStandardOutput = true })!;
        long lines = 0;
        while (list.StandardOutput.ReadLine() is not null) lines++;
        list.WaitForExit();
        return lines;
    }

    /// <summary>A command's first line of output.</summary>
    public static string Command(params string[] arguments)
    {
        using var command = Process.Start(new ProcessStartInfo(CliProcess.Program, arguments) { RedirectStandardOutput = true })!;
        var output = command.StandardOutput.ReadToEnd();
        command.WaitForExit();
        return output.Split('\n')[0];
    }

    public void Dispose()
    {
        _sink.Dispose();
        _dns.Dispose();
    }
}
