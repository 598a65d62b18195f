using System.Text.Json.Nodes;
using MailBench.Model.Events;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Peers.Load;
using MailBench.Peers.Source.Books;
using MailBench.Peers.Source.Load;
using MailBench.Peers.Source.Sessions;
using MailBench.Peers.Source.Workload;
using MailBench.Transport;

namespace MailBench.Peers.Source;

/// <summary>
/// One trial of a source: prepared, started, halted, drained. On the loop only. Message numbers, histograms and events belong to the trial; counters go on.
/// </summary>
internal sealed class SourceTrial : ILoadTrial
{
    private readonly EventLoop _loop;
    private readonly SourceOptions _options;
    private readonly SourceBooks _books;
    private readonly SourceCounters _atBegin;
    private readonly Dispatcher _dispatcher;
    private readonly LoadDriver _driver;
    private readonly LoopTimer _patience;
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _startNs;
    private bool _started;
    private bool _halted;

    /// <summary>Throws <see cref="ArgumentException"/> for a load that is none.</summary>
    public SourceTrial(EventLoop loop, TrialId trial, SourceOptions options, Corpus corpus, SourceCounters counters, EventWriter? events)
    {
        _loop = loop;
        _options = options;
        _atBegin = counters.Copy();
        _books = new SourceBooks(counters, events);
        _dispatcher = new Dispatcher(loop, trial, options, corpus, _books) { Drained = OnDrained };
        _driver = options.Load.Model switch
        {
            LoadModel.Open => new OpenLoad(_dispatcher, options.Load, options.Workload.Seed),
            LoadModel.Closed => new ClosedLoad(_dispatcher, options.Load),
            _ => new BacklogLoad(_dispatcher, options.Load, options.Workload.Recipients),
        };
        _driver.Ended = () => LoadEnded?.Invoke();
        _dispatcher.Driver = _driver;
        _patience = loop.CreateTimer(static self => ((SourceTrial)self!)._dispatcher.Cut(), this);
        loop.TurnEnding += OnTurnEnding;
    }

    /// <summary>The load has come to its end by itself; open transactions may go on.</summary>
    public Action? LoadEnded { get; set; }

    /// <summary>No session could ever be had: what the last dial met.</summary>
    public Action<string>? NeverReached { set => _dispatcher.NeverReached = value; }

    /// <summary>Done when a halted trial has no open transaction, no waiting arrival and no session.</summary>
    public Task Drained => _drained.Task;

    /// <summary>What the last dial met, where no session was ever had though there was something to send; else null. When drained.</summary>
    public string? Unreached => _dispatcher is { Offered: > 0, EverReady: false } ? _dispatcher.LastTrouble ?? "no session could be had" : null;

    public IEnumerable<string> Troubles
    {
        get
        {
            if (_dispatcher.FirstTrouble is { } trouble) yield return $"the first message that failed was {trouble}";
            if (_dispatcher.FirstRefusal is { } refusal) yield return $"the first refusal was of {refusal}";
        }
    }

    public void Start()
    {
        if (_started || _halted) return;
        _started = true;
        _startNs = MonotonicClock.NowNs;
        _driver.Start(_startNs);
    }

    public void Credit(long recipients) => _driver.Credit(recipients);

    /// <summary>Offers nothing new; what was offered has <see cref="SourceOptions.DrainTimeout"/> to end.</summary>
    public void Halt()
    {
        if (_halted) return;
        _halted = true;
        _driver.Stop();
        _patience.Arm(MonotonicClock.NowNs + _options.DrainTimeout.ToNs());
        _dispatcher.Drain();
    }

    /// <summary>Breaks off what is still open; <see cref="Drained"/> follows.</summary>
    public void Cut()
    {
        Halt();
        _dispatcher.Cut();
    }

    public JsonObject Counts() => SourceCounts.Of(_books.Counters, _atBegin, _books, _startNs);

    /// <summary>Closes the event file; only when drained.</summary>
    public void Dispose()
    {
        _loop.TurnEnding -= OnTurnEnding;
        OnTurnEnding();
        _books.Dispose();
        _driver.Stop();
        _dispatcher.Dispose();
        _patience.Dispose();
    }

    private void OnTurnEnding() => _books.TurnEnding(MonotonicClock.NowNs);

    private void OnDrained()
    {
        _patience.Disarm();
        _drained.TrySetResult();
    }
}
