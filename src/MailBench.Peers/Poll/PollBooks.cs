using System.Text.Json.Nodes;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Units;
using MailBench.Peers.Load;

namespace MailBench.Peers.Poll;

/// <summary>The steps of a poll whose service times are recorded, each from its actual start to its last octet.</summary>
internal enum PollStep { Connect, Greeting, StartTls, Login, Stat, Select, Listing, Retrieve, Idle, Done, Quit }

/// <summary>What the users write down of one trial: counters, histograms and, when the trial keeps events, a record each. On the loop only.</summary>
internal sealed class PollBooks(PollCounters counters, EventWriter? events, long withinNs) : IDisposable
{
    private readonly LatenessLog _lateness = new();
    private readonly LatencyHistogram _response = new();
    private readonly LatencyHistogram _fetched = new();
    private readonly LatencyHistogram?[] _service = new LatencyHistogram?[Enum.GetValues<PollStep>().Length];
    private readonly PollCounters _atBegin = counters.Copy();
    private EventWriter? _events = events;
    private long _lastEndNs;

    public PollCounters Counters { get; } = counters;

    /// <summary>A poll is due.</summary>
    public void Offered(long sequence, int user, long intendedNs)
    {
        Counters.Offered++;
        _lateness.Offered(sequence, user, intendedNs);
    }

    public void TurnEnding(long nowNs) => Counters.Late += _lateness.TurnEnding(nowNs, _events);

    public void Polled(long sequence, int user, long intendedNs, long nowNs, long octetsIn)
    {
        Counters.Polls++;
        if (nowNs - intendedNs > withinNs) Counters.Slow++;
        _lastEndNs = nowNs;
        _response.Record(nowNs - intendedNs);
        _events?.Write(new EventRecord(EventKind.Polled, sequence, user, nowNs, octetsIn, 0));
    }

    public void Failed(long sequence, int user, long intendedNs, long nowNs)
    {
        Counters.Failed++;
        _events?.Write(new EventRecord(EventKind.Failed, sequence, user, nowNs, intendedNs, 0));
    }

    /// <summary>Never dropped: its response counts as infinite (its Offered event has no end).</summary>
    public void Unfinished()
    {
        Counters.Unfinished++;
        _response.RecordNever();
    }

    /// <summary>A message that was announced has been fetched. <paramref name="sequence"/>: the message's in this trial; -1: it is of no such.</summary>
    public void Pushed(long sequence, int user, long seenNs, long nowNs)
    {
        Counters.Pushed++;
        _fetched.Record(nowNs - seenNs);
        if (sequence >= 0) _events?.Write(new EventRecord(EventKind.Pushed, sequence, user, seenNs, nowNs - seenNs, 0));
    }

    public void Step(PollStep step, long startNs, long endNs) => (_service[(int)step] ??= new LatencyHistogram()).Record(endNs - startNs);

    public JsonObject Counts(long startNs)
    {
        var service = new JsonObject();
        foreach (var step in Enum.GetValues<PollStep>())
            if (_service[(int)step] is { } histogram) service[Kebab.Format(step)] = LatencyHistogram.Percentiles(histogram);
        var counts = new JsonObject
        {
            [CounterNames.Offered] = Counters.Offered - _atBegin.Offered,
            [CounterNames.Polls] = Counters.Polls - _atBegin.Polls,
            [CounterNames.Retrieved] = Counters.Retrieved - _atBegin.Retrieved,
            [CounterNames.Deleted] = Counters.Deleted - _atBegin.Deleted,
            [CounterNames.Failed] = Counters.Failed - _atBegin.Failed,
            [CounterNames.Unfinished] = Counters.Unfinished - _atBegin.Unfinished,
            [CounterNames.Waiting] = Counters.Waiting - _atBegin.Waiting,
            [CounterNames.Late] = Counters.Late - _atBegin.Late,
            [CounterNames.ContentOctets] = Counters.ContentOctets - _atBegin.ContentOctets,
            [CounterNames.OctetsIn] = Counters.OctetsIn - _atBegin.OctetsIn,
            [CounterNames.OctetsOut] = Counters.OctetsOut - _atBegin.OctetsOut,
            ["seconds"] = _lastEndNs > 0 ? Math.Round((_lastEndNs - startNs) / 1e9, 6) : 0,
            ["responseMs"] = LatencyHistogram.Percentiles(_response),
            ["latenessMs"] = LatencyHistogram.Percentiles(_lateness.Histogram),
            ["serviceMs"] = service,
            [CounterNames.SessionsMost] = Counters.Open.Read(0).Most,
        };
        if (Counters.Pushed == _atBegin.Pushed && Counters.Dropped == _atBegin.Dropped) return counts;
        counts[CounterNames.Pushed] = Counters.Pushed - _atBegin.Pushed;
        counts[CounterNames.Dropped] = Counters.Dropped - _atBegin.Dropped;
        counts["fetchedMs"] = LatencyHistogram.Percentiles(_fetched);
        return counts;
    }

    /// <summary>Flushes and closes the event file; counting goes on without it.</summary>
    public void Dispose()
    {
        _events?.Dispose();
        _events = null;
    }
}
