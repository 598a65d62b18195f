using System.Net;
using MailBench.Model.Options;
using MailBench.Mta.Batching;
using MailBench.Mta.Queue;
using MailBench.Mta.Routing;
using MailBench.Mta.Submission;
using MailBench.Transport;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Delivery;

/// <summary>Finds the way to a domain: <see cref="Router.Resolve"/>, or a table in tests.</summary>
public delegate void ResolveRoute(string domain, Action<Route> done);

/// <summary>
/// From queued recipients to outcomes: routes, batches, sessions. Every recipient given to <see cref="Add(QueueEntry, ReadOnlySpan{int})"/> gets exactly one
/// outcome, unless <see cref="Stop"/> comes first. Constructed anywhere, used on its loop only. What is added in a turn of the loop is batched at the turn's end.
/// </summary>
public sealed partial class DeliveryStage : IDisposable
{
    /// <summary>Content is read in pieces of this size; one buffer serves all sessions, since they share a thread.</summary>
    internal const int PieceBytes = 64 << 10;

    /// <summary>Content of messages in conversion, all sessions together: beyond it, a message waits for its retry.</summary>
    private const long MaxConversionBytes = 64L << 20;

    /// <summary>Hosts that are remembered for breaking on an envelope sent ahead; a full table starts anew.</summary>
    private const int MaxShyHosts = 10_000;

    private readonly ResolveRoute _resolve;
    private readonly OutcomeHandler _outcome;
    private readonly HashSet<DeliverySession> _sessions = [];
    private readonly HashSet<string> _shyOfOverlap = new(StringComparer.Ordinal);
    private readonly LoopTimer _timer;
    private int _spread;
    private bool _workWanted;
    private long _endedTurnNs;
    private bool _disposed;
    private Action? _stopped;

    public DeliveryStage(EventLoop loop, ResolveRoute resolve, MessageQueue queue, DeliveryOptions options, OutcomeHandler outcome)
    {
        Loop = loop;
        Queue = queue;
        Options = options;
        _resolve = resolve;
        _outcome = outcome;
        var batching = BatchingOptions.From(options.Settings) with { TransactionsPerSession = options.TransactionsPerSession };
        Batcher = new Batcher(batching);
        Addresses = new HostMemory(batching.DeadHostFirstNs, batching.DeadHostMaxNs);
        ClientOptions = new SmtpClientOptions
        {
            HeloName = options.HostName,
            Pipelining = options.Settings.Pipelining,
            Overlap = options.Settings.Overlap,
            Chunking = options.Settings.Chunking,
            KeepsAcceptance = options.Settings.AttemptLog == AttemptLog.All,
        };
        Flow = new FlowControl(options.Settings.DeliveryPatience);
        _timer = loop.CreateTimer(static state => ((DeliveryStage)state!).OnTimer(), this);
        loop.TurnEnding += OnTurnEnding;
    }

    public DeliveryCounters Counters { get; } = new();

    /// <summary>Recipients given and without outcome so far.</summary>
    public int InHand { get; private set; }

    internal EventLoop Loop { get; }
    internal FlowControl Flow { get; }
    internal MessageQueue Queue { get; }
    internal DeliveryOptions Options { get; }
    internal Batcher Batcher { get; }
    internal SmtpClientOptions ClientOptions { get; }
    internal byte[] Piece { get; } = new byte[PieceBytes];
    /// <summary>Single addresses, of hosts that have several, that could not be reached of late.</summary>
    internal HostMemory Addresses { get; }
    internal ReceiveBudget Conversions { get; } = new(MaxConversionBytes);
    internal bool IsStopping => _stopped is not null;

    /// <summary>
    /// Begins no new transaction, lets those in flight end, says QUIT and closes; <paramref name="stopped"/> runs on the loop afterwards. What was not begun gets no
    /// outcome and stays as it is in the queue. Later calls of Add are ignored.
    /// </summary>
    public void Stop(Action stopped)
    {
        if (IsStopping) throw new InvalidOperationException("Delivery is being stopped already.");
        _stopped = stopped;
        foreach (var session in _sessions.ToArray()) session.Stop();
        WantWork();
        // Nothing may be open, and then nothing else would bring this turn to the check.
        Loop.Post(static state => ((DeliveryStage)state!).DoWork(), this);
    }

    /// <summary>Cuts what is still open, without outcomes (the end of patience). On the loop, or after it has ended.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        Loop.TurnEnding -= OnTurnEnding;
        foreach (var session in _sessions.ToArray()) session.Cut();
        _sessions.Clear();
        _timer.Dispose();
    }

    /// <summary>Has the batcher asked for work at the end of this turn, or, where that is past, of the next.</summary>
    internal void WantWork()
    {
        if (_workWanted || _disposed) return;
        _workWanted = true;
        if (_endedTurnNs == Loop.TurnNs) Loop.Post(static _ => { }, null);
    }

    internal void Gone(DeliverySession session)
    {
        _sessions.Remove(session);
        WantWork();
    }

    internal int NextSpread() => _spread = (_spread + 1) & int.MaxValue;

    /// <summary>The host has lost a final reply with an envelope behind it.</summary>
    internal bool IsShyOfOverlap(string host) => _shyOfOverlap.Count > 0 && _shyOfOverlap.Contains(host);

    internal void NoteShyOfOverlap(string host)
    {
        if (_shyOfOverlap.Count >= MaxShyHosts) _shyOfOverlap.Clear();
        _shyOfOverlap.Add(host);
    }

    /// <summary>Tells the outcome of one recipient; it is in hand no longer.</summary>
    internal void Report(in DeliveryOutcome outcome)
    {
        InHand--;
        _outcome(outcome);
    }

    private void OnTurnEnding()
    {
        _endedTurnNs = Loop.TurnNs;
        Flow.Step(_endedTurnNs);
        Loop.YieldShare = Flow.Share;
        if (_workWanted) DoWork();
    }

    private void DoWork()
    {
        if (_disposed) return;
        _workWanted = false;
        var nowNs = Loop.TurnNs;
        while (!IsStopping && Batcher.TryTakeWork(nowNs, out var work))
        {
            switch (work.Kind)
            {
                case WorkKind.Open:
                    var session = new DeliverySession(this, work.Session);
                    _sessions.Add(session);
                    session.Dial();
                    break;
                case WorkKind.Begin:
                    ((DeliverySession)work.Session.Owner!).Begin();
                    break;
                case WorkKind.Abandon:
                    ((DeliverySession)work.Session.Owner!).Abandon();
                    break;
                default:
                    ((DeliverySession)work.Session.Owner!).Quit();
                    break;
            }
        }

        while (Batcher.TryTakeExhausted(out var exhausted)) ReportExhausted(exhausted, nowNs);
        if (!IsStopping) ArmTimer();
        else if (_sessions.Count == 0 && !_disposed) EndStop();
    }

    private void EndStop()
    {
        var stopped = _stopped!;
        Dispose();
        stopped();
    }

    private void ReportExhausted(in ExhaustedRecipient exhausted, long nowNs)
    {
        var fault = exhausted.Fault;
        Report(new DeliveryOutcome
        {
            Entry = exhausted.Entry,
            Recipient = exhausted.Recipient,
            Kind = OutcomeKind.Deferred,
            Reply = fault.Reply,
            Step = fault.Step,
            Detail = exhausted.Remembered ? fault.RememberedDetail : fault.Detail,
            Host = fault.Host,
            Address = fault.Address,
            OwnStatus = fault.Status,
            Unreachable = true,
            QueuedNs = exhausted.QueuedNs,
            DelayNs = nowNs - exhausted.QueuedNs,
        });
    }

    private void ArmTimer()
    {
        var nextNs = Math.Min(Batcher.NextWakeNs, NextReleaseNs);
        if (nextNs < long.MaxValue) _timer.Arm(nextNs);
    }

    private void OnTimer()
    {
        ReleaseLate(Loop.TurnNs);
        WantWork();
    }
}
