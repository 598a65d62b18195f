using System.Net;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Mta.Policy;
using MailBench.Mta.Queue;
using MailBench.Transport;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Submission;

/// <summary>
/// The first stage: listens, keeps the sessions and their limits, and hands on each message that the queue has committed. A message's instant of commitment is the queue's
/// callback; the 250 is written afterwards, on the loop. On the MTA's loop only.
/// </summary>
internal sealed class SubmissionStage : IDisposable
{
    private static readonly TimeSpan LongestSweep = TimeSpan.FromSeconds(5);

    /// <summary>Content of accepted messages that stays in memory until it is delivered: what a balanced MTA has under way in a second or so, and little beside a backlog, which is read from its files.</summary>
    private const long MaxKeptBytes = 32L << 20;

    private readonly EventLoop _loop;
    private readonly Action<QueueEntry> _accepted;
    private readonly HashSet<SubmissionSession> _sessions = [];
    private readonly LoopInbox<PendingMessage> _answered;
    private readonly List<PendingMessage> _ended = [];
    private readonly Stack<PendingMessage> _sparePending = new();
    private readonly LoopTimer _sweep;
    private readonly long _sweepNs;
    private Listener? _listener;
    private readonly Admission _admission;
    private readonly ClientSessions _clients;
    private int _pending;
    private long _pendingBytes;

    public SubmissionStage(EventLoop loop, MtaOptions options, MessageQueue queue, RecipientPolicy policy, FlowCounters counters, TimeProvider time, Action<QueueEntry> accepted, Action<string> complain)
    {
        _loop = loop;
        _accepted = accepted;
        Options = options;
        Queue = queue;
        Policy = policy;
        Postmaster = new Postmaster(options.Settings.Postmaster, options.HostName);
        Counters = counters;
        Time = time;
        Blocks = new BlockPool(options.Settings.ReceiveMemory.Bytes, MaxKeptBytes);
        Trace = new TraceHeader(time);
        _admission = new Admission(options.Settings, complain);
        _clients = new ClientSessions(options.Settings.MaxSessionsPerClient);
        ServerOptions = new SmtpServerOptions
        {
            HostName = options.HostName,
            MaxMessageBytes = options.Settings.MaxMessageSize.Bytes,
            MaxRecipients = options.Settings.MaxRecipients,
            MaxErrors = options.Settings.MaxErrors,
            RefusalsAreErrors = true,
        };
        _answered = new LoopInbox<PendingMessage>(loop, OnAnswered);
        loop.TurnEnding += EnqueueEnded;

        // A time-out is a matter of minutes: looking over all sessions now and then costs less than a timer for each.
        _sweepNs = TimeSpan.FromTicks(Math.Min(LongestSweep.Ticks, Math.Max(options.Settings.SessionTimeout.Ticks / 4, TimeSpan.TicksPerMillisecond))).ToNs();
        _sweep = loop.CreateTimer(static stage => ((SubmissionStage)stage!).Sweep(), this);
    }

    public MtaOptions Options { get; }
    public MessageQueue Queue { get; }
    public RecipientPolicy Policy { get; }
    public Postmaster Postmaster { get; }
    public FlowCounters Counters { get; }
    public TimeProvider Time { get; }
    public BlockPool Blocks { get; }
    public TraceHeader Trace { get; }
    public SmtpServerOptions ServerOptions { get; }
    public bool IsStopping { get; private set; }

    /// <summary>Recipients of open transactions and of messages at the queue: not yet counted as queued.</summary>
    public long RecipientsInFlight { get; set; }

    /// <summary>No session is open and the queue owes no answer.</summary>
    public bool IsIdle => _sessions.Count == 0 && _pending == 0;

    public bool IsQueueFull => Counters.Queued + RecipientsInFlight >= Options.Settings.MaxQueuedRecipients;

    /// <summary>How often new mail came to be refused for overload.</summary>
    public long Overloads => _admission.Closings;

    /// <summary>Why no new mail is taken at present; null when it is.</summary>
    public SmtpReply? RefusesMail()
    {
        var load = new MailLoad(Counters.Queued + RecipientsInFlight, Blocks.Received.UsedBytes, _pendingBytes);
        return _admission.Refuses(load, _loop.TurnNs) ?? (Queue.Refusing is { } refusing ? SubmissionReplies.For(refusing) : null);
    }

    public IPEndPoint Open()
    {
        _listener = _loop.Listen(Options.Listen, Accept);
        _sweep.Arm(_loop.TurnNs + _sweepNs);
        return _listener.EndPoint;
    }

    /// <summary>Accepts nothing new; a session ends with 421 as soon as it has no transaction open.</summary>
    public void Stop()
    {
        IsStopping = true;
        _listener?.Dispose();
        foreach (var session in _sessions.ToArray()) session.EndWhenIdle();
    }

    /// <summary>Cuts what is still open.</summary>
    public void Abort()
    {
        foreach (var session in _sessions.ToArray()) session.Abort();
    }

    public PendingMessage RentPending() => _sparePending.TryPop(out var spare) ? spare : new PendingMessage(_answered.Add);

    /// <summary>
    /// Gives a whole message to the queue; its session is resumed once the queue has answered. At the end of the turn, so that those of a turn share a sync: the committer would take the
    /// first alone.
    /// </summary>
    public void Enqueue(PendingMessage pending)
    {
        _pending++;
        _pendingBytes += pending.ContentBytes;
        _ended.Add(pending);
    }

    public void Forget(SubmissionSession session)
    {
        if (_sessions.Remove(session)) _clients.Remove(session.Client);
    }

    public void Dispose()
    {
        _listener?.Dispose();
        _sweep.Dispose();
        _loop.TurnEnding -= EnqueueEnded;
    }

    private SubmissionSession? Accept(Connection connection)
    {
        // Refused sessions say 421 first; who does not read it may not pile up either.
        if (_sessions.Count >= 2L * Options.Settings.MaxSessionsIn) return null;
        Counters.SessionsIn++;
        connection.Yields = true;
        var client = ClientSessions.ClientOf(connection.RemoteEndPoint.Address);
        var refusal = IsStopping ? SubmissionReplies.Stopping
            : _sessions.Count >= Options.Settings.MaxSessionsIn ? SubmissionReplies.TooManySessions
            : _clients.IsFull(client) ? SubmissionReplies.TooManyOfClient
            : null;
        var session = new SubmissionSession(this, client, refusal);
        _sessions.Add(session);
        _clients.Add(client);
        return session;
    }

    private void EnqueueEnded()
    {
        if (_ended.Count == 0) return;
        foreach (var pending in _ended) Queue.Enqueue(pending.Message, pending.Committed);
        _ended.Clear();
    }

    private void OnAnswered(PendingMessage pending)
    {
        _pending--;
        _pendingBytes -= pending.ContentBytes;
        RecipientsInFlight -= pending.Recipients;
        var (session, entry, error) = (pending.Session, pending.Entry, pending.Error);
        if (entry is not null)
        {
            Counters.Accepted += entry.Recipients.Length;
            Counters.Messages++;
            Counters.ContentOctets += pending.ContentBytes;
        }

        pending.End();
        _sparePending.Push(pending);
        if (entry is not null) _accepted(entry);
        session.OnQueueAnswered(entry?.Id ?? default, error);
    }

    private void Sweep()
    {
        var oldest = _loop.TurnNs - Options.Settings.SessionTimeout.ToNs();
        foreach (var session in _sessions.ToArray()) session.EndIfSilentSince(oldest);
        _sweep.Arm(_loop.TurnNs + _sweepNs);
    }
}
