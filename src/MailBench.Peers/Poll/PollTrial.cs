using System.Net;
using System.Text.Json.Nodes;
using MailBench.Model.Events;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Transport;

namespace MailBench.Peers.Poll;

/// <summary>
/// One trial of polling users: keeps the timetable on the loop's clock, gives each due poll a session, drains. A user has one poll at a time: one that is due while the one before is
/// open, or while no session is free, waits, and its intended start stays. On the loop only.
/// </summary>
internal sealed class PollTrial : IDisposable
{
    private const long WatchEveryNs = 1_000_000_000;

    private readonly PollTimetable _timetable;
    private readonly PollUser[] _users;
    private readonly Queue<int> _waiting = [];
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

    public PollTrial(EventLoop loop, PollOptions options, PollLimits limits, PollCounters counters, EventWriter? events)
    {
        Loop = loop;
        Options = options;
        Books = new PollBooks(counters, events);
        _timetable = new PollTimetable(options);
        _users = new PollUser[options.Users];
        _addresses = new AddressSpread(options.Pop3, limits.Addresses);
        _maxSessions = limits.Sessions;
        _due = loop.CreateTimer(static trial => ((PollTrial)trial!).Due(), this);
        _watch = loop.CreateTimer(static trial => ((PollTrial)trial!).Watch(), this);
        _patience = loop.CreateTimer(static trial => ((PollTrial)trial!).Cut(), this);
        loop.TurnEnding += OnTurnEnding;
    }

    public EventLoop Loop { get; }
    public PollOptions Options { get; }
    public PollBooks Books { get; }

    /// <summary>The timetable has come to its end.</summary>
    public Action? LoadEnded { get; set; }

    /// <summary>Done when a halted trial has no open and no owed poll.</summary>
    public Task Drained => _drained.Task;

    /// <summary>What went wrong with the poll that failed first, for a person.</summary>
    public string? FirstTrouble { get; private set; }

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

    /// <summary>Offers nothing new; what is open or owed has <see cref="PollOptions.DrainTimeout"/> to end.</summary>
    public void Halt()
    {
        if (_halted) return;
        _halted = true;
        _more = false;
        _due.Disarm();
        _patience.Arm(MonotonicClock.NowNs + Options.DrainTimeout.ToNs());
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
            for (; user.NextCycle < user.DueCycles; user.NextCycle++) Books.Unfinished();
            user.IsBusy = false;
        }

        CheckDrained();
    }

    public JsonObject Counts() => Books.Counts(_startNs);

    public SocketOptions SocketOf(int user) => _addresses.For(user);

    public ref HashSet<ulong>? KnownOf(int user) => ref _users[user].Known;

    public void Note(int user, string trouble) => FirstTrouble ??= $"user{user}: {trouble}";

    /// <summary>A session has closed and its poll is booked: its user and the next in line go on.</summary>
    public void Ended(PollSession session, int user)
    {
        _sessions.Remove(session);
        _users[user].IsBusy = false;
        if (!_cut)
        {
            Offer(user);
            while (_sessions.Count < _maxSessions && _waiting.TryDequeue(out var waiting)) Begin(waiting);
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
            ref var user = ref _users[_next.User];
            Books.Offered(Sequence(_next.User, _next.Cycle), _next.User, _startNs + _next.OffsetNs);
            user.DueCycles++;
            if (user.IsBusy || _sessions.Count >= _maxSessions) Books.Counters.Waiting++;
            if (!user.IsBusy) Offer(_next.User);
        }

        if (_more) _due.Arm(_startNs + _next.OffsetNs);
        else if (!_halted) LoadEnded?.Invoke();
    }

    /// <summary>Begins what the user owes, or puts the user in line for a session.</summary>
    private void Offer(int number)
    {
        ref var user = ref _users[number];
        if (user.NextCycle >= user.DueCycles) return;
        user.IsBusy = true;
        if (_sessions.Count < _maxSessions) Begin(number);
        else _waiting.Enqueue(number);
    }

    private void Begin(int number)
    {
        var cycle = _users[number].NextCycle++;
        var session = new PollSession(this, number, Sequence(number, cycle), _startNs + _timetable.OffsetOf(number, cycle));
        _sessions.Add(session);
        session.Dial();
    }

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
