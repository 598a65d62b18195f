using System.Net;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Mta.Attempts;
using MailBench.Mta.Batching;
using MailBench.Mta.Delivery;
using MailBench.Mta.Notification;
using MailBench.Mta.Policy;
using MailBench.Mta.Queue;
using MailBench.Mta.Scheduling;
using MailBench.Mta.Submission;
using MailBench.Transport;

namespace MailBench.Mta;

/// <summary>
/// A message's way through the MTA. Submission takes it and the queue commits it; it is due at once; delivery routes, batches and sends; each recipient's outcome ends
/// its way, brings it back when its retry is due, or makes a notification, which goes the same way. All on one loop.
/// </summary>
internal sealed partial class MessageFlow : IDisposable
{
    private readonly EventLoop _loop;
    private readonly TimeProvider _time;
    private readonly SteadyTime _steady;
    private readonly MessageQueue _queue;
    private readonly AttemptLogFile _log;
    private readonly Action<string> _complain;
    private readonly MessageTable _table;
    private readonly SubmissionStage _submission;
    private readonly DueStage _due;
    private readonly DeliveryStage _delivery;
    private readonly RetrySchedule _retries;
    private readonly NotificationStage _notification;

    public MessageFlow(EventLoop loop, MtaOptions options, MessageQueue queue, ResolveRoute resolve, AttemptLogFile log, TimeProvider time, SteadyTime steady, Action<string> complain)
    {
        (_loop, _time, _steady, _queue, _log, _complain) = (loop, time, steady, queue, log, complain);
        _longestWaitMs = (long)(options.Settings.Retry.Max * 9 / 8).TotalMilliseconds;
        _table = new MessageTable(queue, Counters);
        Relays = new RelayGrants(options.RelayAfterLogin, () => loop.TurnNs);
        _submission = new SubmissionStage(loop, options, queue, RecipientPolicy.Of(options.RelayFrom, Relays), Counters, time, accepted: entry => Take(entry), complain);
        var shares = SiteShareOptions.From(BatchingOptions.From(options.Settings), options.Settings.Retry.Max.ToNs());
        _due = new DueStage(loop, shares, due: HandOn, held: _table.Rest);
        _delivery = new DeliveryStage(loop, resolve, queue, DeliveryOptions.From(options), OnOutcome);
        _retries = new RetrySchedule(options.Settings.Retry);
        _notification = new NotificationStage(loop, queue, options.HostName, time, queued: TakeDsn, notified: OnNotified, complain);
    }

    public FlowCounters Counters { get; } = new();

    /// <summary>Who may relay for a while since they have logged in at a mailbox server.</summary>
    public RelayGrants Relays { get; }
    public DeliveryCounters Delivery => _delivery.Counters;

    /// <summary>How often new mail came to be refused for overload.</summary>
    public long Overloads => _submission.Overloads;

    /// <summary>Messages with a waiting recipient.</summary>
    public IEnumerable<QueueEntry> Waiting => _table.Entries;

    /// <summary>Brings what was left on disk back on its way, then listens; returns where.</summary>
    public IPEndPoint Start()
    {
        foreach (var found in _queue.RecoveredRecipients) TakeFound(found);
        Counters.Recovered = Counters.Queued - Counters.DsnsQueued;
        return _submission.Open();
    }

    private void OnOutcome(in DeliveryOutcome outcome)
    {
        _due.Leave(SiteOf(outcome.Entry, outcome.Recipient), AnswerOf(outcome));
        switch (outcome.Kind)
        {
            case OutcomeKind.Delivered: Deliver(outcome); break;
            case OutcomeKind.Deferred: Defer(outcome); break;
            case OutcomeKind.Failed: Fail(outcome, RecipientFailure.Refused(outcome, _time.GetUtcNow()), AttemptVerdict.Failed); break;
        }

        _table.PutDown(outcome.Entry, 1);
    }

    private void Deliver(in DeliveryOutcome outcome)
    {
        _table.Deliver(outcome.Entry, outcome.Recipient);
        _log.Write(outcome, AttemptVerdict.Delivered, outcome.Entry.Recipients[outcome.Recipient].Attempts);
    }

    private void Defer(in DeliveryOutcome outcome)
    {
        var (entry, now) = (outcome.Entry, _steady.GetUtcNow());
        var attempts = entry.Recipients[outcome.Recipient].Attempts + 1;
        var ageNs = (now.ToUnixTimeMilliseconds() - entry.AcceptedUnixMs) * 1_000_000;
        if (!_retries.TryNext(entry.Id, attempts, ageNs, _loop.TurnNs, out var dueNs))
        {
            Fail(outcome, RecipientFailure.Expired(outcome, attempts, _time.GetUtcNow()), AttemptVerdict.Expired);
            return;
        }

        var wait = TimeSpan.FromTicks((dueNs - _loop.TurnNs) / 100);
        _table.Defer(entry, outcome.Recipient, outcome.Reason, (now + wait).ToUnixTimeMilliseconds());
        _due.Add(new DueRecipient(entry.Row, outcome.Recipient, dueNs, SiteOf(entry, outcome.Recipient)));
        _log.Write(outcome, AttemptVerdict.Deferred, attempts, retryIn: wait);
    }

    private void Fail(in DeliveryOutcome outcome, RecipientFailure failure, AttemptVerdict verdict)
    {
        var last = _table.Fail(outcome.Entry, outcome.Recipient, failure.Reason);
        _log.Write(outcome, verdict, outcome.Entry.Recipients[outcome.Recipient].Attempts);
        _notification.Add(outcome.Entry, failure, last);
    }

    private void TakeDsn(QueueEntry dsn)
    {
        Counters.Dsns++;
        Take(dsn, ownDsn: true);
    }

    private void OnNotified(QueueEntry entry, RecipientFailure failure) => _table.Settle(entry, failure.Recipient, RecipientState.Failed);

    /// <summary>Takes nothing new and lets what is under way end; <paramref name="stopped"/> runs once, on the loop. What waits stays in the queue.</summary>
    public void Stop(Action stopped)
    {
        var delivering = true;
        _submission.Stop();
        _due.Dispose();
        _delivery.Stop(() => delivering = false);
        _loop.TurnEnding += EndWhenIdle;

        void EndWhenIdle()
        {
            if (delivering || !_submission.IsIdle) return;
            _notification.Stop();
            if (!_notification.IsIdle) return;
            _loop.TurnEnding -= EndWhenIdle;
            _log.Flush();
            stopped();
        }
    }

    /// <summary>Cuts what is still open.</summary>
    public void Dispose()
    {
        _submission.Abort();
        _submission.Dispose();
        _due.Dispose();
        _delivery.Dispose();
        _notification.Dispose();
        _log.Flush();
    }
}
