using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Transport;
using MailBench.Wire.Smtp;

namespace MailBench.Peers.Sink;

/// <summary>What the sessions of a sink share: books, counts, refusals, archive, limits. On the sink's loop only, the tally excepted.</summary>
internal sealed class SinkFloor
{
    /// <summary>Credits are gathered for so long: often enough for a backlog of a few messages on a slow line, rare enough to cost nothing.</summary>
    private const long NoticeIntervalNs = 10_000_000;

    /// <summary>RFC 5321 §4.5.3.2.7: a server waits at least five minutes for the next command.</summary>
    private const long IdleNs = 300_000_000_000;
    private const long IdleSweepNs = 30_000_000_000;

    /// <summary>Above what any strategy puts into a transaction: the instrument is not to be the limit.</summary>
    private const int MaxRecipients = 10_000;

    private readonly SinkOptions _options;
    private readonly Action<NodeNotice> _notify;
    private readonly Action<string> _complain;
    private readonly HashSet<SinkSession> _sessions = [];
    private readonly LoopTimer _noticeTimer;
    private readonly LoopTimer _idleTimer;
    private long _noticedNs;
    private TaskCompletionSource? _emptied;

    public SinkFloor(EventLoop loop, SinkOptions options, MessageArchive? archive, Action<NodeNotice> notify, Action<string> complain)
    {
        Loop = loop;
        Archive = archive;
        _options = options;
        _notify = notify;
        _complain = complain;
        Refusals = new RefusalTable(options.Refuse, options.Seed);
        ServerOptions = new SmtpServerOptions
        {
            HostName = "sink.test",
            Software = "ESMTP MailBench sink",
            MaxMessageBytes = options.MaxMessageSize.Bytes,
            MaxRecipients = options.Limits.RcptMax > 0 ? options.Limits.RcptMax : MaxRecipients,
            MaxMails = options.Limits.MailMax,
            MaxRecipientDomains = options.Limits.RcptDomainMax,
            Pipelining = Offers(SmtpExtension.Pipelining),
            Size = Offers(SmtpExtension.Size),
            EightBitMime = Offers(SmtpExtension.EightBitMime),
            EnhancedStatusCodes = Offers(SmtpExtension.EnhancedStatusCodes),
            Chunking = Offers(SmtpExtension.Chunking),
            Limits = Offers(SmtpExtension.Limits),
        };
        _noticeTimer = loop.CreateTimer(static state => ((SinkFloor)state!).Notice(), this);
        _idleTimer = loop.CreateTimer(static state => ((SinkFloor)state!).EndIdle(), this);
        _idleTimer.Arm(loop.TurnNs + IdleSweepNs);
        loop.TurnEnding += OfferNotice;
    }

    public EventLoop Loop { get; }
    public SmtpServerOptions ServerOptions { get; }
    public RefusalTable Refusals { get; }
    public MessageArchive? Archive { get; }
    public SinkBooks Books { get; } = new();
    public SinkTally Tally { get; } = new();

    /// <summary>Whether somebody waits for what is booked (see <see cref="BeginTrialCommand.Credits"/>).</summary>
    public bool TellsCredits { get; set; } = true;

    public bool IsStopping => _emptied is not null;

    /// <summary>A session of the measured listeners, or of the return path.</summary>
    public SinkSession Accept(bool isReturn)
    {
        var session = new SinkSession(this, isReturn, refused: _sessions.Count >= _options.MaxSessions);
        _sessions.Add(session);
        return session;
    }

    public void Forget(SinkSession session)
    {
        _sessions.Remove(session);
        TellEmptied();
    }

    /// <summary>A session's transaction has ended while the sink stops.</summary>
    public void TellEmptied()
    {
        if (IsStopping && !_sessions.Any(static session => session.IsBusy)) _emptied!.TrySetResult();
    }

    /// <summary>Ends idle sessions now and the others behind their transactions; the task ends with the last of these.</summary>
    public Task StopAsync()
    {
        _emptied ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        foreach (var session in _sessions.ToArray()) session.EndWhenIdle(SinkReplies.Stopping);
        TellEmptied();
        return _emptied.Task;
    }

    public void Complain(string sentence) => _complain(sentence);

    /// <summary>Credits that are still gathered are told now: the trial ends.</summary>
    public void Notice()
    {
        _noticeTimer.Disarm();
        var credits = Books.TakeCredits();
        if (credits == 0 || !TellsCredits) return;
        _noticedNs = Loop.TurnNs;
        _notify(new NodeNotice("booked", credits));
    }

    private bool Offers(SmtpExtension extension) => !_options.Withhold.Contains(extension);

    private void OfferNotice()
    {
        if (Books.Credits == 0 || !TellsCredits || _noticeTimer.IsArmed) return;
        var dueNs = _noticedNs + NoticeIntervalNs;
        if (Loop.TurnNs >= dueNs) Notice();
        else _noticeTimer.Arm(dueNs);
    }

    private void EndIdle()
    {
        var oldestNs = Loop.TurnNs - IdleNs;
        foreach (var session in _sessions.ToArray()) session.EndIfSilentSince(oldestNs);
        _idleTimer.Arm(Loop.TurnNs + IdleSweepNs);
    }
}
