using MailBench.Model.Units;
using MailBench.Mta.Scheduling;
using MailBench.Transport;

namespace MailBench.Mta;

/// <summary>
/// The shell around <see cref="DueQueue"/> and <see cref="SiteShares"/>: hands on what is due and has a share, all recipients of a message at once, in slices of a few milliseconds between which
/// the loop hears others: a million that fall due together, each to be read from disk, stop nobody. On the MTA's loop only.
/// </summary>
internal sealed class DueStage : IDisposable
{
    /// <summary>Of a turn. As long as a few messages take that must come from a disk, and no session notices.</summary>
    private const long SliceNs = 5_000_000;

    /// <summary>Messages between two looks at the clock.</summary>
    private const int MessagesPerLook = 16;

    private readonly EventLoop _loop;
    private readonly Action<int, DueRecipient[], int> _due;
    private readonly Action<int> _held;
    private readonly DueQueue _queue = new();
    private readonly SiteShares _shares;
    private readonly LoopTimer _timer;
    private DueRecipient[] _taken = new DueRecipient[64];
    private bool _posted;
    private bool _stopped;

    /// <param name="due">Takes a message's number, an array of its recipients (valid during the call) and how many of them count: they are in hand until <see cref="Leave"/>.</param>
    /// <param name="held">Told of a message of which a recipient is due and has to wait for its site's share.</param>
    public DueStage(EventLoop loop, SiteShareOptions options, Action<int, DueRecipient[], int> due, Action<int> held)
    {
        _loop = loop;
        _due = due;
        _held = held;
        _shares = new SiteShares(options);
        _timer = loop.CreateTimer(static stage => ((DueStage)stage!).TakeDue(), this);
        loop.TurnEnding += TakeDueIfAny;
    }

    public void Add(in DueRecipient due) => _queue.Add(due);

    /// <summary>Whether what is due now has to wait for room.</summary>
    public bool IsFull => !_shares.HasRoom;

    /// <summary>A recipient that was handed on is in hand no longer.</summary>
    public void Leave(uint site, SiteAnswer answer) => _shares.Leave(site, answer, _loop.TurnNs);

    /// <summary>Parts of <see cref="Withdraw"/>; may grow while they are gone through.</summary>
    public int Slices => DueQueue.Slices + _shares.Slices;

    /// <summary>Takes back recipients of a slice that were added and are not handed on yet. After all slices, each that waited all the while was looked at.</summary>
    public void Withdraw(int slice, Func<int, int, bool> condition, List<DueRecipient> taken)
    {
        if (slice < DueQueue.Slices) _queue.Withdraw(slice, condition, taken);
        else _shares.Withdraw(slice - DueQueue.Slices, condition, taken);
    }

    public void Dispose()
    {
        _stopped = true;
        _loop.TurnEnding -= TakeDueIfAny;
        _timer.Dispose();
    }

    /// <summary>Outcomes make room, and they come in turns: looking at the end of each costs two comparisons.</summary>
    private void TakeDueIfAny()
    {
        if (NextNs <= _loop.TurnNs) TakeDue();
        else Arm();
    }

    private long NextNs => Math.Min(_queue.NextDueNs, _shares.NextWakeNs);

    private void TakeDue()
    {
        if (_stopped) return;
        var nowNs = _loop.TurnNs;
        var untilNs = MonotonicClock.NowNs + SliceNs;
        for (var count = 1; _shares.HasRoom; count++)
        {
            // In turn: neither what was held back nor what comes anew waits for all of the other.
            var any = TryTakeHeld(nowNs);
            if (_shares.HasRoom) any |= TryTakeDue(nowNs);
            if (!any) break;
            if (count % MessagesPerLook != 0 || MonotonicClock.NowNs < untilNs) continue;
            GoOnNextTurn();
            return;
        }

        Arm();
    }

    private bool TryTakeHeld(long nowNs)
    {
        if (!_shares.TryTake(nowNs, out var taken)) return false;
        _taken[0] = taken;
        _due(taken.Message, _taken, 1);
        return true;
    }

    /// <summary>All recipients of the message that is due first, as far as their sites have a share.</summary>
    private bool TryTakeDue(long nowNs)
    {
        if (!_queue.TryPeekDue(nowNs, out var first)) return false;
        var count = 0;
        var due = first;
        do
        {
            _queue.RemoveFirst();
            if (!_shares.TryEnter(due, nowNs)) continue;
            if (count == _taken.Length) Array.Resize(ref _taken, count * 2);
            _taken[count++] = due;
        }
        while (_shares.HasRoom && _queue.TryPeekDue(nowNs, out due) && due.Message == first.Message);

        if (count > 0) _due(first.Message, _taken, count);
        else _held(first.Message);
        return true;
    }

    private void GoOnNextTurn()
    {
        if (_posted) return;
        _posted = true;
        _loop.Post(static stage => ((DueStage)stage!)._posted = false, this);
    }

    private void Arm()
    {
        var nextNs = NextNs;
        if (nextNs == long.MaxValue) _timer.Disarm();
        else if (nextNs > _loop.TurnNs) _timer.Arm(nextNs);
    }
}
