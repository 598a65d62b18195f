using System.Diagnostics;
using System.Net;
using MailBench.Model.Nodes;

namespace MailBench.Benchmarks.Rows;

/// <summary>An MTA on a fresh queue, a process of its own, with a DNS responder that sends all of <c>d0.test … d99.test</c> to one host.</summary>
internal sealed class MtaUnderLoad : IDisposable
{
    private readonly string _folder;
    private readonly Node _dns;
    private readonly Node _mta;

    /// <param name="sessions">Outbound sessions to the host.</param>
    /// <param name="queue">Below it the queue is made; null: below the folder for temporary files, which should not be in memory.</param>
    /// <param name="settings">More of the MTA's settings, as <c>name: value</c>, with semicolons between.</param>
    public MtaUnderLoad(IPEndPoint mx, int sessions, string? queue, string settings = "")
    {
        _folder = queue is null ? Directory.CreateTempSubdirectory("mailbench-queue-").FullName : Directory.CreateDirectory(Path.Combine(queue, $"mailbench-queue-{Environment.ProcessId}")).FullName;
        var config = Path.Combine(_folder, "mta.yaml");
        File.WriteAllLines(config, [$"sessionsPerSite: {sessions}", .. settings.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)]);
        _dns = Node.Listening("dns", "--listen", "127.0.0.1:0", "--generate", $"domains=100,mx=1,suffix=test,per-domain=1,additional=on,addresses={mx.Address}");
        _mta = Node.Listening(
            "mta", "--listen", "127.0.0.1:0", "--queue", Path.Combine(_folder, "q"), "--dns", _dns.EndPoint.ToString(), "--smtp-port", $"{mx.Port}",
            "--relay-from", "127.0.0.0/8", "--hostname", "mta.test", "--config", config);
    }

    public IPEndPoint EndPoint => _mta.EndPoint;

    /// <summary>Where the queue is.</summary>
    public string Folder => _folder;

    public Snapshot Snap() => _mta.Snap();

    public void AwaitDrained(TimeSpan patience)
    {
        var began = Stopwatch.GetTimestamp();
        while (Snap()[CounterNames.Queued] > 0)
        {
            if (Stopwatch.GetElapsedTime(began) > patience) throw new TimeoutException($"{Snap()[CounterNames.Queued]} recipients are still queued.");
            Thread.Sleep(25);
        }
    }

    public void Dispose()
    {
        _mta.Dispose();
        _dns.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
