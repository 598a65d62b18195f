using System.Net;
using MailBench.Model.Events;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Peers.Source.Arrivals;
using MailBench.Peers.Source.Books;
using MailBench.Peers.Source.Load;
using MailBench.Peers.Source.Workload;
using MailBench.Transport;
using MailBench.Wire.Smtp;

namespace MailBench.Peers.Source.Sessions;

/// <summary>
/// Brings arrivals and sessions together: an idle session at once, else a new one while there may be more, else the arrival waits in line. Sessions that cannot
/// be had are dialled again with bounded back-off, one at a time. On the loop only.
/// </summary>
internal sealed class Dispatcher
{
    /// <summary>Arrivals that may wait; beyond it an arrival fails at once.</summary>
    public const int WaitingLimit = 1_000_000;

    private const long WatchEveryNs = 1_000_000_000;
    private const long QuitPatienceNs = 5_000_000_000;

    /// <summary>Dials in a row that must fail, with no session left, before a draining source gives up on what still waits.</summary>
    private const int HopelessDials = 4;

    private readonly Queue<Arrival> _waiting = [];
    private readonly Stack<SourceSession> _idle = [];
    private readonly HashSet<SourceSession> _sessions = [];
    private readonly LoopTimer _redial;
    private readonly LoopTimer _watch;
    private readonly TrialId _trial;
    private readonly bool _reuse;
    private readonly long _replyTimeoutNs;
    private Backoff _backoff;
    private long _noDialBeforeNs;
    private int _dialling;
    private long _sequence;
    private bool _draining;
    private bool _cut;

    /// <summary>A session asks for a message to send ahead, and the load's answer.</summary>
    private bool _aheadWanted;
    private Arrival? _ahead;

    public Dispatcher(EventLoop loop, TrialId trial, SourceOptions options, Corpus corpus, SourceBooks books)
    {
        Loop = loop;
        Target = options.To;
        Workload = options.Workload;
        Corpus = corpus;
        Books = books;
        _trial = trial;
        _reuse = options.Workload.Reuse;
        _replyTimeoutNs = options.ReplyTimeout.ToNs();
        DialTimeout = options.ReplyTimeout < TimeSpan.FromSeconds(30) ? options.ReplyTimeout : TimeSpan.FromSeconds(30);
        ClientOptions = new SmtpClientOptions { HeloName = $"source.{options.Workload.Suffix}", Pipelining = options.Workload.Pipelining, Overlap = options.Workload.Overlap, Chunking = options.Workload.Chunking, Lmtp = options.Lmtp, KeepsAcceptance = false };
        MaxSessions = options.Load.Sessions;
        _redial = loop.CreateTimer(static self => ((Dispatcher)self!).Serve(), this);
        _watch = loop.CreateTimer(static self => ((Dispatcher)self!).Watch(), this);
    }

    public EventLoop Loop { get; }
    public IPEndPoint Target { get; }
    public WorkloadOptions Workload { get; }
    public Corpus Corpus { get; }
    public SourceBooks Books { get; }
    public SmtpClientOptions ClientOptions { get; }
    public TimeSpan DialTimeout { get; }
    public int MaxSessions { get; private set; }
    public LoadDriver? Driver { get; set; }

    /// <summary>Messages offered so far: the next one's number.</summary>
    public long Offered => _sequence;

    /// <summary>Raised when a draining dispatcher holds nothing any more.</summary>
    public Action? Drained { get; set; }

    /// <summary>Raised when no session could ever be had, after several dials: what the last one met.</summary>
    public Action<string>? NeverReached { get; set; }

    /// <summary>At least one session has been of use.</summary>
    public bool EverReady { get; private set; }

    /// <summary>What went wrong with the message that failed first, for a person.</summary>
    public string? FirstTrouble { get; private set; }
    public string? LastTrouble { get; private set; }

    /// <summary>The first refusal of a message or a recipient, in the server's words.</summary>
    public string? FirstRefusal { get; private set; }

    /// <summary>True when an arrival offered now would get a session now.</summary>
    public bool CanStart => _waiting.Count == 0 && (_aheadWanted || HasRoom(MonotonicClock.NowNs));

    public SourceEnvelope NewEnvelope() => new(_trial, Workload);

    /// <summary>Takes the next message. <paramref name="scheduled"/>: its intended start was set by a timetable, so that this process can be late.</summary>
    public void Offer(long intendedNs, bool scheduled)
    {
        var arrival = new Arrival(_sequence++, intendedNs);
        Books.Offered(arrival, scheduled);
        var nowNs = MonotonicClock.NowNs;
        if (_waiting.Count == 0 && HasRoom(nowNs))
        {
            Give(arrival, nowNs);
            return;
        }

        if (_aheadWanted)
        {
            _aheadWanted = false;
            _ahead = arrival;
            return;
        }

        Books.Queued();
        if (_waiting.Count >= WaitingLimit) Drop(arrival, nowNs);
        else _waiting.Enqueue(arrival with { QueuedNs = nowNs });
    }

    /// <summary>Changes how many sessions there may be; surplus ones leave when they are idle.</summary>
    public void Limit(int maxSessions)
    {
        MaxSessions = maxSessions;
        while (_sessions.Count > MaxSessions && _idle.TryPop(out var surplus)) surplus.Quit(MonotonicClock.NowNs);
    }

    /// <summary>Nothing more will be offered: what waits is still sent, then sessions say QUIT and <see cref="Drained"/> is raised.</summary>
    public void Drain()
    {
        _draining = true;
        while (_waiting.Count == 0 && _idle.TryPop(out var session)) session.Quit(MonotonicClock.NowNs);
        CheckDrained();
    }

    /// <summary>The patience is over: open transactions are broken off, what waits has failed.</summary>
    public void Cut()
    {
        _draining = _cut = true;
        while (_waiting.TryDequeue(out var arrival)) Drop(arrival, Loop.TurnNs);
        foreach (var session in _sessions.ToArray()) session.Abort();
        CheckDrained();
    }

    public void Dispose()
    {
        _redial.Dispose();
        _watch.Dispose();
    }

    public void SessionReady()
    {
        _dialling--;
        _backoff.Succeeded();
        EverReady = true;
        Books.Counters.Sessions++;
        if (_waiting.Count > 0) Serve();
    }

    /// <summary>A message whose envelope a session may send behind the content that it has just sent: one that waits, or one that the load would start if there were room.</summary>
    public bool TryTakeAhead(out Arrival arrival)
    {
        arrival = default;
        if (_cut || !_reuse || _sessions.Count > MaxSessions) return false;
        if (_waiting.TryDequeue(out arrival)) return true;
        if (_draining) return false;
        _aheadWanted = true;
        Driver!.SessionAvailable();
        _aheadWanted = false;
        if (_ahead is not { } offered) return false;
        _ahead = null;
        arrival = offered;
        return true;
    }

    /// <summary>A message ended and its session has another in hand already.</summary>
    public void MessageEnded(MessageEnd end) => Driver!.MessageEnded(end);

    /// <summary>A message ended and its session stands.</summary>
    public void SessionFreed(SourceSession session, MessageEnd? end)
    {
        if (!session.IsOpen)
        {
            session.OwedEnd = end;
            return;
        }

        if (!_reuse)
        {
            // The next message needs a session of its own, which this one's QUIT must first make room for.
            session.OwedEnd = end;
            session.Quit(Loop.TurnNs);
            return;
        }

        Release(session);
        if (end is { } ended) Driver!.MessageEnded(ended);
        Driver!.SessionAvailable();
    }

    public void SessionClosed(SourceSession session, bool wasReady, Arrival? again, MessageEnd? end)
    {
        _sessions.Remove(session);
        Forget(session);
        if (!wasReady) DialFailed();
        if (again is { } arrival) GoAgain(arrival);
        if (end is { } ended) Driver!.MessageEnded(ended);
        Serve();
        CheckDrained();
    }

    public void Note(long sequence, string trouble)
    {
        LastTrouble = trouble;
        FirstTrouble ??= $"message {sequence}: {trouble}";
    }

    /// <summary>A text is made only of the first: a server may refuse everything, at full speed.</summary>
    public void NoteRefusal(long sequence, SmtpReply reply) => FirstRefusal ??= $"message {sequence}: {reply}";

    /// <summary>An idle session stands, or one may be dialled. Idle sessions that the peer has left are put aside.</summary>
    private bool HasRoom(long nowNs)
    {
        while (_idle.TryPeek(out var idle))
        {
            if (idle.IsOpen) return true;
            _idle.Pop();
        }

        return CanDial(nowNs);
    }

    /// <summary>Only where there is room.</summary>
    private void Give(Arrival arrival, long nowNs)
    {
        if (_idle.TryPop(out var idle))
        {
            idle.Start(arrival, nowNs);
            return;
        }

        var session = new SourceSession(this);
        _sessions.Add(session);
        _dialling++;
        if (!_watch.IsArmed) _watch.Arm(nowNs + WatchEveryNs);
        session.Dial(arrival, nowNs);
    }

    private bool CanDial(long nowNs) =>
        !_cut && _sessions.Count < MaxSessions && (_backoff.Failures == 0 || _dialling == 0 && nowNs >= _noDialBeforeNs);

    /// <summary>Gives what waits to the sessions that can be had, then lets the load start more.</summary>
    private void Serve()
    {
        for (var nowNs = MonotonicClock.NowNs; _waiting.Count > 0 && HasRoom(nowNs);) Give(_waiting.Dequeue(), nowNs);
        Driver?.SessionAvailable();
    }

    private void Release(SourceSession session)
    {
        if (_waiting.TryDequeue(out var arrival)) session.Start(arrival, MonotonicClock.NowNs);
        else if (_draining || _sessions.Count > MaxSessions) session.Quit(Loop.TurnNs);
        else _idle.Push(session);
    }

    private void DialFailed()
    {
        _dialling--;
        var nowNs = MonotonicClock.NowNs;
        _noDialBeforeNs = nowNs + _backoff.Failed();
        if (_backoff.Failures >= HopelessDials && !EverReady) NeverReached?.Invoke(LastTrouble ?? "no session could be had");
        if (_draining && _backoff.Failures >= HopelessDials && _sessions.Count == 0)
            while (_waiting.TryDequeue(out var arrival)) Drop(arrival, nowNs);
        _redial.Arm(_noDialBeforeNs);
    }

    private void Drop(Arrival arrival, long nowNs)
    {
        Books.Failed(arrival, nowNs, 0);
        Driver!.MessageEnded(new MessageEnd(Outcome.Failed, 0));
    }

    /// <summary>In front of all that waits: rare, so the line may be turned once for it.</summary>
    private void GoAgain(Arrival arrival)
    {
        var nowNs = MonotonicClock.NowNs;
        if (_cut)
        {
            Drop(arrival, nowNs);
        }
        else if (HasRoom(nowNs))
        {
            Give(arrival, nowNs);
        }
        else
        {
            var behind = _waiting.Count;
            _waiting.Enqueue(arrival with { QueuedNs = nowNs });
            for (; behind > 0; behind--) _waiting.Enqueue(_waiting.Dequeue());
        }
    }

    /// <summary>Takes a session that closed while it was idle out of the line of idle ones.</summary>
    private void Forget(SourceSession session)
    {
        if (_idle.Count == 0 || !_idle.Contains(session)) return;
        var kept = _idle.Where(idle => idle != session).Reverse().ToArray();
        _idle.Clear();
        foreach (var idle in kept) _idle.Push(idle);
    }

    private void Watch()
    {
        var nowNs = Loop.TurnNs;
        foreach (var session in _sessions.ToArray())
        {
            var silentNs = nowNs - session.LastActivityNs;
            if (session.HasWork && silentNs > _replyTimeoutNs || session.IsQuitting && silentNs > QuitPatienceNs) session.Abort();
        }

        if (_sessions.Count > 0) _watch.Arm(nowNs + WatchEveryNs);
    }

    private void CheckDrained()
    {
        if (_draining && _waiting.Count == 0 && _sessions.Count == 0) Drained?.Invoke();
    }
}
