using System.Runtime.InteropServices;
using MailBench.Mta.Queue;
using MailBench.Mta.Scheduling;
using MailBench.Transport;

namespace MailBench.Mta;

/// <summary>
/// The shell around <see cref="DueQueue"/>: a timer that hands on what is due, all recipients of a message at once, and never more than delivery may have in hand.
/// On the MTA's loop only.
/// </summary>
internal sealed class DueStage : IDisposable
{
    private readonly EventLoop _loop;
    private readonly Func<int> _room;
    private readonly Action<int, int[], int> _due;
    private readonly DueQueue _queue = new();
    private readonly LoopTimer _timer;
    private readonly List<DueRecipient> _taken = [];
    private int[] _indices = new int[64];
    private bool _stopped;

    /// <param name="room">Recipients that delivery may still be given.</param>
    /// <param name="due">Takes a message's number, an array of indices (valid during the call) and how many of them count.</param>
    public DueStage(EventLoop loop, Func<int> room, Action<int, int[], int> due)
    {
        _loop = loop;
        _room = room;
        _due = due;
        _timer = loop.CreateTimer(static stage => ((DueStage)stage!).TakeDue(), this);
        loop.TurnEnding += TakeDueIfAny;
    }

    public int Count => _queue.Count;

    public void Add(int message, int recipient, long dueNs) => _queue.Add(message, recipient, dueNs);

    /// <summary>Whether what is due now has to wait for room.</summary>
    public bool IsFull => _room() <= 0;

    /// <summary>Takes back recipients that were added and are not handed on yet: see <see cref="DueQueue.Withdraw"/>.</summary>
    public void Withdraw(Func<int, int, bool> condition, List<DueRecipient> taken) => _queue.Withdraw(condition, taken);

    public void Dispose()
    {
        _stopped = true;
        _loop.TurnEnding -= TakeDueIfAny;
        _timer.Dispose();
    }

    /// <summary>Outcomes make room, and they come in turns: looking at the end of each costs a comparison.</summary>
    private void TakeDueIfAny()
    {
        if (_queue.NextDueNs <= _loop.TurnNs) TakeDue();
        else Arm();
    }

    private void TakeDue()
    {
        if (_stopped) return;
        var room = _room();
        if (room <= 0) return;
        _taken.Clear();
        _queue.TakeDue(_loop.TurnNs, room, _taken);
        for (var start = 0; start < _taken.Count;)
        {
            var end = start + 1;
            while (end < _taken.Count && _taken[end].Message == _taken[start].Message) end++;
            HandOn(CollectionsMarshal.AsSpan(_taken)[start..end]);
            start = end;
        }

        Arm();
    }

    private void HandOn(ReadOnlySpan<DueRecipient> recipients)
    {
        if (_indices.Length < recipients.Length) _indices = new int[recipients.Length * 2];
        for (var i = 0; i < recipients.Length; i++) _indices[i] = recipients[i].Recipient;
        _due(recipients[0].Message, _indices, recipients.Length);
    }

    private void Arm()
    {
        if (_queue.Count == 0) _timer.Disarm();
        else if (_queue.NextDueNs > _loop.TurnNs) _timer.Arm(_queue.NextDueNs);
    }
}
