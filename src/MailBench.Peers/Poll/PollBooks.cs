using System.Text.Json.Nodes;
using HdrHistogram;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Units;
using MailBench.Peers.Source.Books;

namespace MailBench.Peers.Poll;

/// <summary>The steps of a poll whose service times are recorded, each from its actual start to its last octet.</summary>
internal enum PollStep { Connect, Greeting, Login, Stat, Listing, Retrieve, Quit }

/// <summary>What the users write down of one trial: counters, histograms and, when the trial keeps events, a record each. On the loop only.</summary>
internal sealed class PollBooks(PollCounters counters, EventWriter? events) : IDisposable
{
    private const long LateNs = 1_000_000;

    /// <summary>An hour stands for never: what was not finished at the end of the drain.</summary>
    private const long MostNs = 3_600_000_000_000;

    private readonly List<(long Sequence, int User, long IntendedNs)> _thisTurn = [];
    private readonly LongHistogram _response = NewHistogram();
    private readonly LongHistogram _lateness = NewHistogram();
    private readonly LongHistogram?[] _service = new LongHistogram?[Enum.GetValues<PollStep>().Length];
    private readonly PollCounters _atBegin = counters.Copy();
    private EventWriter? _events = events;
    private long _lastEndNs;

    public PollCounters Counters { get; } = counters;

    /// <summary>A poll is due; its lateness is taken when the turn ends, since its first octets leave then.</summary>
    public void Offered(long sequence, int user, long intendedNs)
    {
        Counters.Offered++;
        _thisTurn.Add((sequence, user, intendedNs));
    }

    public void TurnEnding(long nowNs)
    {
        if (_thisTurn.Count == 0) return;
        foreach (var (sequence, user, intendedNs) in _thisTurn)
        {
            var latenessNs = Math.Max(0, nowNs - intendedNs);
            Record(_lateness, latenessNs);
            if (latenessNs > LateNs) Counters.Late++;
            _events?.Write(new EventRecord(EventKind.Offered, sequence, user, intendedNs, latenessNs, 0));
        }

        _thisTurn.Clear();
    }

    public void Polled(long sequence, int user, long intendedNs, long nowNs)
    {
        Counters.Polls++;
        _lastEndNs = nowNs;
        Record(_response, nowNs - intendedNs);
        _events?.Write(new EventRecord(EventKind.Polled, sequence, user, nowNs, intendedNs, 0));
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
        Record(_response, MostNs);
    }

    public void Step(PollStep step, long startNs, long endNs) => Record(_service[(int)step] ??= NewHistogram(), endNs - startNs);

    public JsonObject Counts(long startNs)
    {
        var service = new JsonObject();
        foreach (var step in Enum.GetValues<PollStep>())
            if (_service[(int)step] is { } histogram) service[Kebab.Format(step)] = SourceCounts.Percentiles(histogram);
        return new JsonObject
        {
            [CounterNames.Offered] = Counters.Offered - _atBegin.Offered,
            [CounterNames.Polls] = Counters.Polls - _atBegin.Polls,
            [CounterNames.Retrieved] = Counters.Retrieved - _atBegin.Retrieved,
            [CounterNames.Deleted] = Counters.Deleted - _atBegin.Deleted,
            [CounterNames.Failed] = Counters.Failed - _atBegin.Failed,
            ["unfinished"] = Counters.Unfinished - _atBegin.Unfinished,
            [CounterNames.Waiting] = Counters.Waiting - _atBegin.Waiting,
            [CounterNames.Late] = Counters.Late - _atBegin.Late,
            [CounterNames.ContentOctets] = Counters.ContentOctets - _atBegin.ContentOctets,
            [CounterNames.OctetsIn] = Counters.OctetsIn - _atBegin.OctetsIn,
            [CounterNames.OctetsOut] = Counters.OctetsOut - _atBegin.OctetsOut,
            ["seconds"] = _lastEndNs > 0 ? Math.Round((_lastEndNs - startNs) / 1e9, 6) : 0,
            ["responseMs"] = SourceCounts.Percentiles(_response),
            ["latenessMs"] = SourceCounts.Percentiles(_lateness),
            ["serviceMs"] = service,
        };
    }

    /// <summary>Flushes and closes the event file; counting goes on without it.</summary>
    public void Dispose()
    {
        _events?.Dispose();
        _events = null;
    }

    private static LongHistogram NewHistogram() => new(1_000, MostNs, 3);

    private static void Record(LongHistogram histogram, long ns) => histogram.RecordValue(Math.Clamp(ns, 0, MostNs));
}
