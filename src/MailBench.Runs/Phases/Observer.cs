using System.Globalization;
using MailBench.Model.Nodes;
using MailBench.Model.Records;
using MailBench.Model.Units;
using MailBench.Runs.Disclosure;
using MailBench.Runs.Testbed;

namespace MailBench.Runs.Phases;

/// <summary>Waits through phases; meanwhile once a second takes everybody's counters into samples.csv, tells the watcher, and notices at once when a role fails.</summary>
internal sealed class Observer(Bench bench, DeviceFlushes flushes, SampleFile samples, IRunWatcher watcher, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private (TrialMark, ISystemUnderTest?) _trial;
    private double _count = double.NaN;
    private double _countAtNs;

    /// <summary>The trial whose seconds are being sampled, and its SUT.</summary>
    public (TrialMark Mark, ISystemUnderTest? Sut) Trial
    {
        get => _trial;
        set => (_trial, _count) = (value, double.NaN);
    }

    /// <summary>Counters of all roles, read together.</summary>
    public async Task<IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>>> SnapshotAsync(CancellationToken cancellationToken)
    {
        var asked = bench.Snapshots(cancellationToken).Select(role => (role.Role, Task: role.Counters)).ToList();
        if (Trial.Sut is { } sut) asked.AddRange(sut.Snapshots(cancellationToken));
        await Task.WhenAll(asked.Select(pair => pair.Task));
        var all = asked.ToDictionary(pair => pair.Role, pair => pair.Task.Result);
        var runner = Snapshots.OfRunner();
        flushes.AddTo(runner);
        all["runner"] = runner;
        return all;
    }

    /// <summary>Lets the phase last so long. Throws <see cref="RoleFailedException"/> when a role fails meanwhile.</summary>
    public async Task LastAsync(string phase, TimeSpan span, CancellationToken cancellationToken)
    {
        var begin = time.GetTimestamp();
        watcher.Progress(new RunProgress(Trial.Mark, phase, null, span));
        while (span - time.GetElapsedTime(begin) is { Ticks: > 0 } rest)
        {
            await PauseAsync(rest < Interval ? rest : Interval, cancellationToken);
            if (span - time.GetElapsedTime(begin) > TimeSpan.Zero) await SampleAsync(phase, span - time.GetElapsedTime(begin), cancellationToken);
        }
    }

    /// <summary>Awaits work on many files and shows that it is under way.</summary>
    public Task<T> ShowAsync<T>(string phase, TrialMark mark, Task<T> work) => work.ShownAsync(watcher, time, () => new RunProgress(mark, phase, null, null));

    /// <summary>Waits, and throws when a role fails meanwhile.</summary>
    public async Task PauseAsync(TimeSpan span, CancellationToken cancellationToken)
    {
        var failures = bench.Processes.Select(process => process.Failed).ToList();
        if (Trial.Sut is { } sut) failures.Add(sut.Failed);
        if (bench.ResolverFailed is { } resolver) failures.Add(resolver);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pause = Task.Delay(span, time, over.Token);
        var first = await Task.WhenAny([pause, .. failures]);
        if (first is Task<RoleFailure> failed)
        {
            await over.CancelAsync();
            throw new RoleFailedException(await failed);
        }

        await pause;
    }

    /// <summary>Takes a sample now and tells the watcher the rate since the last one.</summary>
    public async Task SampleAsync(string phase, TimeSpan left, CancellationToken cancellationToken)
    {
        var all = await SnapshotAsync(cancellationToken);
        samples.Add(Trial.Mark, phase, all);
        var (role, counter, unit) = Trial.Sut?.Role == "mailbox" ? ("poll", CounterNames.Polls, "polls/s") : ("sink", CounterNames.Recipients, "deliveries/s");
        watcher.Progress(new RunProgress(Trial.Mark, phase, RateSinceLast(all[role], counter), left) { RateUnit = unit });
    }

    private double? RateSinceLast(IReadOnlyDictionary<string, double> role, string counter)
    {
        var (count, atNs) = (role.GetValueOrDefault(counter), role.GetValueOrDefault(CounterNames.MonotonicNs));
        double? rate = atNs > _countAtNs && !double.IsNaN(_count) && count >= _count ? (count - _count) / ((atNs - _countAtNs) / 1e9) : null;
        (_count, _countAtNs) = (count, atNs);
        return rate;
    }
}

/// <summary>samples.csv: a row per role and second (<see cref="SampleRow"/>).</summary>
internal sealed class SampleFile : IDisposable
{
    private readonly StreamWriter _file;

    public SampleFile(string path)
    {
        var isNew = !File.Exists(path) || new FileInfo(path).Length == 0;
        _file = new StreamWriter(path, append: true);
        if (isNew) _file.WriteLine(SampleRow.Header);
    }

    public void Add(TrialMark mark, string phase, IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> all)
    {
        foreach (var (role, counters) in all)
        {
            var (octetsIn, octetsOut) = Octets(role, counters);
            _file.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{mark.Point},{mark.Repetition},{phase},{counters.GetValueOrDefault(CounterNames.MonotonicNs):0},{role},{counters.GetValueOrDefault(CounterNames.CpuNs):0},{counters.GetValueOrDefault(CounterNames.ResidentBytes):0},{counters.GetValueOrDefault(CounterNames.Syncs):0},{octetsIn:0},{octetsOut:0}"));
        }

        _file.Flush();
    }

    public void Dispose() => _file.Dispose();

    /// <summary>Payload octets in and out of the role; of the line, wire octets in the reverse and forward direction.</summary>
    private static (double In, double Out) Octets(string role, IReadOnlyDictionary<string, double> counters) => role switch
    {
        "line" => (counters.GetValueOrDefault(CounterNames.WireOctetsReverse), counters.GetValueOrDefault(CounterNames.WireOctetsForward)),
        "dns" => (counters.GetValueOrDefault(CounterNames.DnsOctetsIn), counters.GetValueOrDefault(CounterNames.DnsOctetsOut)),
        "sink" => (counters.GetValueOrDefault(CounterNames.OctetsIn, counters.GetValueOrDefault(CounterNames.Octets)), counters.GetValueOrDefault(CounterNames.OctetsOut)),
        _ => (counters.GetValueOrDefault(CounterNames.OctetsIn), counters.GetValueOrDefault(CounterNames.OctetsOut)),
    };
}
