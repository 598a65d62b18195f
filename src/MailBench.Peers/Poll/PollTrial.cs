using System.Net;
using System.Text.Json.Nodes;
using MailBench.Model.Events;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Peers.Load;
using MailBench.Transport;
using MailBench.Transport.Tls;

namespace MailBench.Peers.Poll;

/// <summary>
/// One trial of polling users: keeps the timetable on the loop's clock, gives each due poll a session, drains. A user has one poll at a time: one that is due while the one before is
/// open, or while no session is free, waits, and its intended start stays. On the loop only.
/// </summary>
internal sealed class PollTrial : ILoadTrial
{
    private const long WatchEveryNs = 1_000_000_000;

    private readonly PollTimetable _timetable;
    private readonly PollUser[] _users;
    private readonly Queue<int> _waiting = [];
    private int _active;
    private readonly HashSet<PollSession> _sessions = [];
    private readonly LoopTimer _due;
    private readonly LoopTimer _watch;
    private readonly LoopTimer _patience;
    private readonly AddressSpread _addresses;
    private readonly int _maxSessions;
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DuePoll _next;
    private bool _more;
    private bool _halted;
    private bool _cut;
    private long _startNs;
    private string? _firstTrouble;

    public PollTrial(EventLoop loop, PollOptions options, PollLimits limits, PollCounters counters, EventWriter? events, TrialId? trial = null)
    {
        Id = trial;
        Loop = loop;
        Options = options;
        Tls = TlsClient.Of(options.Tls, options.Server.Address);
        Books = new PollBooks(counters, events, options.Within.ToNs());
        counters.Open.Restart();
        _active = options.Active > 0 ? Math.Min(options.Active, options.Users) : options.Users;
        _timetable = new PollTimetable(options);
        _users = new PollUser[options.Users];
        _addresses = new AddressSpread(options.Server, limits.Addresses);
        _maxSessions = limits.Sessions;
        _due = loop.CreateTimer(static trial => ((PollTrial)trial!).Due(), this);
        _watch = loop.CreateTimer(static trial => ((PollTrial)trial!).Watch(), this);
        _patience = loop.CreateTimer(static trial => ((PollTrial)trial!).Cut(), this);
        loop.TurnEnding += OnTurnEnding;
    }

    public EventLoop Loop { get; }
    public PollOptions Options { get; }

    /// <summary>Null: in the clear.</summary>
    public TlsClient? Tls { get; }

    /// <summary>Whose messages are told apart (<see cref="PollBooks.Pushed"/>).</summary>
    public TrialId? Id { get; }
    public PollBooks Books { get; }

    /// <summary>The timetable has come to its end.</summary>
    public Action? LoadEnded { get; set; }

    /// <summary>Done when a halted trial has no open and no owed poll.</summary>
    public Task Drained => _drained.Task;

    public IEnumerable<string> Troubles => _firstTrouble is { } trouble ? [$"the first poll that failed was {trouble}"] : [];

    public string? Unreached => EverConnected || Books.Counters.Offered == 0 ? null : _firstTrouble;

    /// <summary>At least one connection stood.</summary>
    public bool EverConnected { get; set; }

    public void Start()
    {
        if (_startNs != 0 || _halted) return;
        _startNs = MonotonicClock.NowNs;
        _watch.Arm(_startNs + WatchEveryNs);
        _more = _timetable.TryNext(out _next);
        Due();
    }

    /// <summary>So many users poll from now on, the first so many. Who no longer does still ends what is open or owed.</summary>
    public void SetActive(int users) => _active = Math.Clamp(users, 0, _users.Length);

    /// <summary>Offers nothing new; what is open or owed has <see cref="PollOptions.DrainTimeout"/> to end.</summary>
    public void Halt()
    {
        if (_halted) return;
        _halted = true;
        _more = false;
        _due.Disarm();
        _patience.Arm(MonotonicClock.NowNs + Options.DrainTimeout.ToNs());
        foreach (var session in _sessions.ToArray()) session.Leave();
        CheckDrained();
    }

    /// <summary>Breaks off what is still open and counts it, and what is owed, as unfinished.</summary>
    public void Cut()
    {
        Halt();
        if (_cut) return;
        _cut = true;
        foreach (var session in _sessions.ToArray()) session.Abort();
        _waiting.Clear();
        foreach (ref var user in _users.AsSpan())
        {
            for (; user.Owed?.Count > 0; user.Owed.Dequeue()) Books.Unfinished();
            user.IsBusy = false;
        }

        CheckDrained();
    }

    public JsonObject Counts() => Books.Counts(_startNs);

    public SocketOptions SocketOf(int user) => _addresses.For(user);

    public ref HashSet<ulong>? KnownOf(int user) => ref _users[user].Known;

    public ref uint LastUidOf(int user) => ref _users[user].LastUid;

    public void Note(int user, string trouble) => _firstTrouble ??= $"user{user}: {trouble}";

    /// <summary>The user holds this session, until it closes.</summary>
    public void Holds(int user, IdleSession session) => _users[user].Held = session;

    /// <summary>A held session's poll is booked, and the session stays: the user's next goes on, if one is owed.</summary>
    public void Settled(int user)
    {
        _users[user].IsBusy = false;
        if (_users[user].Owed?.Count > 0) Begin(user, _users[user].Owed!.Dequeue());
    }

    /// <summary>A session has closed and its poll is booked: its user and the next in line go on.</summary>
    public void Ended(PollSession session, int user)
    {
        _sessions.Remove(session);
        _users[user].IsBusy = false;
        _users[user].Held = null;
        if (!_cut)
        {
            // Who owes another poll goes to the end of the line.
            if (_users[user].Owed?.Count > 0) StandInLine(user);
            while (_sessions.Count < _maxSessions && _waiting.TryDequeue(out var waiting)) Begin(waiting, _users[waiting].Owed!.Dequeue());
        }

        CheckDrained();
    }

    /// <summary>A poll broken off by <see cref="Cut"/> is unfinished, any other has failed.</summary>
    public bool IsCut => _cut;

    /// <summary>Closes the event file; only when drained.</summary>
    public void Dispose()
    {
        Loop.TurnEnding -= OnTurnEnding;
        OnTurnEnding();
        Books.Dispose();
        _due.Dispose();
        _watch.Dispose();
        _patience.Dispose();
    }

    /// <summary>All that are due are offered in this turn.</summary>
    private void Due()
    {
        for (var nowNs = MonotonicClock.NowNs; _more && _startNs + _next.OffsetNs <= nowNs; _more = _timetable.TryNext(out _next))
        {
            if (_next.User >= _active) continue;
            Books.Offered(Sequence(_next.User, _next.Cycle), _next.User, _startNs + _next.OffsetNs);
            Offer(_next.User, _next.Cycle);
        }

        if (_more) _due.Arm(_startNs + _next.OffsetNs);
        else if (!_halted) LoadEnded?.Invoke();
    }

    /// <summary>Begins the poll, or has it wait for its user's poll before or for a session.</summary>
    private void Offer(int number, int cycle)
    {
        ref var user = ref _users[number];
        if (!user.IsBusy && (user.Held is not null || _sessions.Count < _maxSessions))
        {
            Begin(number, cycle);
            return;
        }

        Books.Counters.Waiting++;
        (user.Owed ??= []).Enqueue(cycle);
        if (!user.IsBusy) StandInLine(number);
    }

    private void StandInLine(int number)
    {
        _users[number].IsBusy = true;
        _waiting.Enqueue(number);
    }

    private void Begin(int number, int cycle)
    {
        _users[number].IsBusy = true;
        var (sequence, intendedNs) = (Sequence(number, cycle), _startNs + _timetable.OffsetOf(number, cycle));
        if (_users[number].Held is { } held)
        {
            held.Renew(sequence, intendedNs);
            return;
        }

        var session = NewSession(number, sequence, intendedNs);
        _sessions.Add(session);
        session.Dial();
    }

    /// <summary>The one place that knows which protocol users speak.</summary>
    private PollSession NewSession(int user, long sequence, long intendedNs) =>
        Options.Action == PollAction.Idle ? new IdleSession(this, user, sequence, intendedNs)
        : Options.Protocol == PollProtocol.Imap ? new ImapPollSession(this, user, sequence, intendedNs) : new Pop3PollSession(this, user, sequence, intendedNs);

    private long Sequence(int user, int cycle) => (long)cycle * _users.Length + user;

    private void Watch()
    {
        var oldestNs = Loop.TurnNs - Options.ReplyTimeout.ToNs();
        foreach (var session in _sessions.ToArray()) session.AbortIfSilentSince(oldestNs);
        if (!_cut) _watch.Arm(Loop.TurnNs + WatchEveryNs);
    }

    private void CheckDrained()
    {
        if (_halted && _sessions.Count == 0 && _waiting.Count == 0) _drained.TrySetResult();
    }

    private void OnTurnEnding() => Books.TurnEnding(MonotonicClock.NowNs);
}
