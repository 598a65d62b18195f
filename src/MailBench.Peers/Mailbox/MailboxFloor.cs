using System.Net;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Peers.Mailbox.Imap;
using MailBench.Peers.Mailbox.Store;
using MailBench.Transport;
using MailBench.Transport.Tls;
using MailBench.Wire.Imap;
using MailBench.Wire.Pop3;
using MailBench.Wire.Smtp;

namespace MailBench.Peers.Mailbox;

/// <summary>What the sessions of a mailbox server share: users, store, disk threads, limits, counts. On its loop only, what says otherwise excepted.</summary>
internal sealed class MailboxFloor : IDisposable
{
    private const long SweepNs = 10_000_000_000;
    private const int MaxRecipients = 1000, SweepsPerLook = 3;

    private readonly MailboxOptions _options;
    private readonly Action<string> _complain;
    private readonly HashSet<MailboxSession> _sessions = [];
    private readonly LoopTimer _sweep;
    private readonly LoginTeller? _teller;
    private TaskCompletionSource? _emptied;
    private int _sweeps;

    public MailboxFloor(EventLoop loop, MailboxOptions options, UserTable users, MaildirStore store, DiskPool disk, Action<string> complain, TlsServer? tls = null)
    {
        Tls = tls;
        (Loop, Users, Store, Disk, _options, _complain) = (loop, users, store, disk, options, complain);
        HostName = $"mail.{options.Suffix}";
        Domain = System.Text.Encoding.ASCII.GetBytes(HostName);
        Pop3Options = new Pop3ServerOptions { HostName = HostName, StartTls = tls is not null, RequireTls = options.Tls.Required };
        ImapOptions = new ImapServerOptions { HostName = HostName, StartTls = tls is not null, RequireTls = options.Tls.Required, MaxMessageBytes = options.MaxMessageSize.Bytes };
        SmtpOptions = new SmtpServerOptions
        {
            HostName = HostName,
            Software = "ESMTP MailBench mailbox",
            MaxMessageBytes = options.MaxMessageSize.Bytes,
            MaxRecipients = MaxRecipients,
            StartTls = tls is not null,
        };
        LmtpOptions = SmtpOptions with { Lmtp = true, StartTls = false, Software = "LMTP MailBench mailbox" };
        ImapIdleTimeoutNs = options.ImapIdleTimeout.ToNs();
        (IdleTimeoutNs, LoginTimeoutNs, RefusalDelayNs) = (options.IdleTimeout.ToNs(), options.LoginTimeout.ToNs(), options.RefusalDelay.ToNs());
        if (options.LoginSocket is { } mta) _teller = new LoginTeller(loop, mta, complain);
        _sweep = loop.CreateTimer(static floor => ((MailboxFloor)floor!).Sweep(), this);
        _sweep.Arm(loop.TurnNs + SweepNs);
    }

    public EventLoop Loop { get; }
    public UserTable Users { get; }
    public MaildirStore Store { get; }
    public DiskPool Disk { get; }

    /// <summary>Null: no TLS here.</summary>
    public TlsServer? Tls { get; }

    /// <summary>POP3 and IMAP begin with TLS.</summary>
    public bool BeginsSecure => _options.Tls.Mode == TlsMode.Implicit;
    public string HostName { get; }

    /// <summary>The only domain that mail is taken for.</summary>
    public byte[] Domain { get; }
    public Pop3ServerOptions Pop3Options { get; }
    public ImapServerOptions ImapOptions { get; }
    public SmtpServerOptions SmtpOptions { get; }
    public SmtpServerOptions LmtpOptions { get; }
    public long IdleTimeoutNs { get; }
    public long ImapIdleTimeoutNs { get; }
    public long LoginTimeoutNs { get; }
    public long RefusalDelayNs { get; }
    public MailboxTally Tally { get; } = new();

    /// <summary>Content being received, all sessions together.</summary>
    public long ReceivingBytes { get; set; }
    public long ReceivingLimit => _options.ReceiveMemory.Bytes;
    public bool IsStopping => _emptied is not null;

    public Pop3Session AcceptPop3() => Adopt(new Pop3Session(this, IsFull));

    public ImapSession AcceptImap() => Adopt(new ImapSession(this, IsFull));

    public DeliverySession AcceptDelivery(bool lmtp) => Adopt(new DeliverySession(this, lmtp, IsFull));

    /// <summary>A client has proved who it is, and will hear so next.</summary>
    public void LoggedIn(IPAddress client)
    {
        Tally.Logins++;
        _teller?.Tell(client);
    }

    /// <summary>When its sessions are gone.</summary>
    public void Dispose()
    {
        _sweep.Dispose();
        _teller?.Dispose();
    }

    public void Forget(MailboxSession session)
    {
        _sessions.Remove(session);
        TellEmptied();
    }

    /// <summary>What was under way in a session has ended.</summary>
    public void TellEmptied()
    {
        if (IsStopping && !_sessions.Any(static session => session.IsBusy)) _emptied!.TrySetResult();
    }

    /// <summary>Ends idle sessions now and the others behind what is under way; the task ends with the last of these.</summary>
    public Task StopAsync()
    {
        _emptied ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        foreach (var session in _sessions.ToArray()) session.EndWhenIdle();
        TellEmptied();
        return _emptied.Task;
    }

    /// <summary>From any thread.</summary>
    public void Complain(string sentence) => _complain(sentence);

    private bool IsFull => _sessions.Count >= _options.MaxSessions;

    private T Adopt<T>(T session) where T : MailboxSession
    {
        _sessions.Add(session);
        return session;
    }

    private void Sweep()
    {
        // What programs beside this one do to a mailbox shows to those in IDLE within three sweeps; a third of them at a time, so that many do not come to the disk at once.
        _sweeps++;
        var place = 0;
        foreach (var session in _sessions.ToArray())
        {
            session.EndIfSilent(Loop.TurnNs);
            if ((place++ + _sweeps) % SweepsPerLook == 0 && session is ImapSession imap) imap.LookWhenIdle();
        }

        _sweep.Arm(Loop.TurnNs + SweepNs);
    }
}
