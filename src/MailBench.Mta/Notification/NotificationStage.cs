using System.Buffers;
using MailBench.Model.Units;
using MailBench.Mta.Queue;
using MailBench.Transport;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Notification;

/// <summary>
/// Turns final failures into DSNs. A message's recipients fail in several transactions, whose replies come within a round trip or so of one another: failures of one message are
/// gathered for <see cref="GatherTime"/>, or until none of its recipients is left to wait for, and share a DSN. The order keeps the promise that none is lost: first the DSN is
/// committed, then the recipients are marked failed; a crash between repeats a DSN. On the MTA's loop only.
/// </summary>
internal sealed class NotificationStage : IDisposable
{
    /// <summary>Long beside the round trips of parallel transactions, short beside any retry.</summary>
    public static readonly TimeSpan GatherTime = TimeSpan.FromMilliseconds(200);

    /// <summary>The queue did not take the DSN (disk full): so long until it is tried again. The recipients stay waiting on disk meanwhile.</summary>
    private static readonly TimeSpan RetryTime = TimeSpan.FromSeconds(5);

    private const int MaxHeaderBytes = 64 << 10;

    private readonly EventLoop _loop;
    private readonly MessageQueue _queue;
    private readonly string _hostName;
    private readonly TimeProvider _time;
    private readonly Action<QueueEntry> _queued;
    private readonly Action<QueueEntry, RecipientFailure> _notified;
    private readonly Action<string> _complain;
    private readonly Dictionary<QueueId, Round> _rounds = [];
    private readonly PriorityQueue<Round, long> _due = new();
    private readonly LoopInbox<Answer> _answers;
    private readonly LoopTimer _timer;
    private int _pending;
    private bool _stopping;

    /// <param name="queued">A DSN was committed: it goes the way of every message.</param>
    /// <param name="notified">The recipient's DSN is safe (or none is due): it may be marked failed.</param>
    public NotificationStage(
        EventLoop loop, MessageQueue queue, string hostName, TimeProvider time, Action<QueueEntry> queued, Action<QueueEntry, RecipientFailure> notified, Action<string> complain)
    {
        _loop = loop;
        _queue = queue;
        _hostName = hostName;
        _time = time;
        _queued = queued;
        _notified = notified;
        _complain = complain;
        _answers = new LoopInbox<Answer>(loop, OnAnswered);
        _timer = loop.CreateTimer(static stage => ((NotificationStage)stage!).SendDue(), this);
    }

    /// <summary>Nothing is gathered, and the queue owes no answer.</summary>
    public bool IsIdle => _rounds.Count == 0 && _pending == 0;

    /// <summary>A recipient failed for good. <paramref name="last"/>: none of its message's recipients is left that could still fail soon.</summary>
    public void Add(QueueEntry entry, RecipientFailure failure, bool last)
    {
        if (entry.ReversePath.Length == 0)
        {
            // RFC 5321 §6.1: never a notification about a notification.
            _notified(entry, failure);
            return;
        }

        if (!_rounds.TryGetValue(entry.Id, out var round)) Gather(round = new Round(entry), GatherTime);
        round.Failures.Add(failure);
        if (last) Send(round);
    }

    /// <summary>Queues what is gathered, once more and without further patience: recipients whose DSN is not taken stay waiting on disk, and fail again after the restart.</summary>
    public void Stop()
    {
        _stopping = true;
        foreach (var round in _rounds.Values.ToArray()) Send(round);
    }

    public void Dispose() => _timer.Dispose();

    private void Gather(Round round, TimeSpan time)
    {
        var dueNs = _loop.TurnNs + time.ToNs();
        _rounds[round.Entry.Id] = round;
        _due.Enqueue(round, dueNs);
        if (_due.TryPeek(out _, out var first) && (first == dueNs || !_timer.IsArmed)) _timer.Arm(first);
    }

    private void SendDue()
    {
        while (_due.TryPeek(out var round, out var dueNs))
        {
            if (dueNs > _loop.TurnNs)
            {
                _timer.Arm(dueNs);
                return;
            }

            _due.Dequeue();
            Send(round);
        }
    }

    private void Send(Round round)
    {
        // A round that was sent early still stands in the order of due times.
        if (!_rounds.TryGetValue(round.Entry.Id, out var gathered) || gathered != round) return;
        _rounds.Remove(round.Entry.Id);
        var id = _queue.ReserveId();
        var content = DeliveryReport.Compose(round.Entry, round.Failures, ReadHeader(round.Entry), _hostName, id, _time.GetUtcNow());
        var message = new NewMessage { Id = id, ReversePath = [], Recipients = [round.Entry.ReversePath], Content = [content], Body = BodyKind.SevenBit };
        _pending++;
        _queue.Enqueue(message, (entry, error) => _answers.Add(new Answer(round, entry, error)));
    }

    private void OnAnswered(Answer answer)
    {
        _pending--;
        var (round, dsn, error) = answer;
        if (dsn is not null)
        {
            _queued(dsn);
            foreach (var failure in round.Failures) _notified(round.Entry, failure);
            return;
        }

        var when = _stopping ? "after the restart" : $"in {RetryTime.TotalSeconds:0} s";
        _complain($"the DSN for {round.Entry.Id} could not be queued and is tried again {when}: {error!.Message}");
        if (_stopping) return;
        if (_rounds.TryGetValue(round.Entry.Id, out var next)) next.Failures.AddRange(round.Failures);
        else Gather(round, RetryTime);
    }

    /// <summary>The header section with its empty line cut off; a longer one ends with its last whole line; empty when the queue cannot read it.</summary>
    private byte[] ReadHeader(QueueEntry entry)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(MaxHeaderBytes);
        try
        {
            var used = 0;
            while (used < MaxHeaderBytes)
            {
                var read = _queue.ReadContent(entry, used, buffer.AsSpan(used, MaxHeaderBytes - used));
                if (read == 0) break;
                used += read;
                var end = buffer.AsSpan(0, used).IndexOf("\r\n\r\n"u8);
                if (end >= 0) return buffer[..(end + 2)];
            }

            return buffer[..(buffer.AsSpan(0, used).LastIndexOf((byte)'\n') + 1)];
        }
        catch (IOException unreadable)
        {
            // The notification matters more than the copy of the header in it.
            _complain($"the header of {entry.Id} cannot be read for its DSN: {unreadable.Message}");
            return [];
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private sealed class Round(QueueEntry entry)
    {
        public QueueEntry Entry { get; } = entry;
        public List<RecipientFailure> Failures { get; } = [];
    }

    private sealed record Answer(Round Round, QueueEntry? Dsn, Exception? Error);
}
