using MailBench.Transport;

namespace MailBench.Peers.Mailbox;

/// <summary>What sessions of all protocols have in common: their connection, traffic counts, time-out, end.</summary>
internal abstract class MailboxSession(MailboxFloor floor) : IConnectionHandler
{
    private long _countedIn;
    private long _countedOut;
    private Action<MailboxSession>? _work;
    private Action<MailboxSession>? _done;
    private LoopTimer? _delay;

    /// <summary>Something is under way that a stopping server waits for.</summary>
    public abstract bool IsBusy { get; }

    protected MailboxFloor Floor => floor;
    protected Connection? Connection { get; private set; }

    /// <summary>When the client was last heard, CLOCK_MONOTONIC ns.</summary>
    protected long HeardNs { get; private set; }
    protected long BeganNs { get; private set; }

    /// <summary>The connection is going or gone: answers of the disk that still come are for nobody.</summary>
    protected bool IsOver { get; private set; }

    /// <summary>A piece of work of this session is on a disk thread, or on its way there or back: what it uses is not to be touched.</summary>
    protected bool IsAtDisk { get; private set; }

    public void OnConnected(Connection connection)
    {
        Connection = connection;
        BeganNs = HeardNs = connection.Loop.TurnNs;
        floor.Tally.Sessions++;
        if (BeginsSecure) connection.StartTls(floor.Tls!);
        else Begin(connection);
    }

    public void OnSecured(Connection connection)
    {
        if (IsOver) return;
        HeardNs = connection.Loop.TurnNs;
        floor.Tally.TlsSessions++;
        Secured();
        if (BeginsSecure) Begin(connection);
    }

    public int OnReceived(Connection connection, ReadOnlySpan<byte> octets)
    {
        if (IsOver) return octets.Length;
        HeardNs = connection.Loop.TurnNs;
        var consumed = Receive(connection, octets);
        CountTraffic(connection);
        return IsOver ? octets.Length : consumed;
    }

    public virtual void OnWritable(Connection connection) => connection.ResumeReading();

    public void OnClosed(Connection connection, CloseReason reason)
    {
        CountTraffic(connection);
        IsOver = true;
        _delay?.Dispose();
        if (!IsAtDisk) Release();
        floor.Forget(this);
    }

    /// <summary>The server stops: say so and end, unless something is under way (then this is asked again when that has ended).</summary>
    public abstract void EndWhenIdle();

    /// <summary>The client has been silent for too long.</summary>
    public abstract void EndIfSilent(long nowNs);

    /// <summary>TLS from the first octet.</summary>
    protected virtual bool BeginsSecure => floor.BeginsSecure;

    /// <summary>Tells the machine that TLS stands.</summary>
    protected abstract void Secured();

    /// <summary>Greets.</summary>
    protected abstract void Begin(Connection connection);

    protected abstract int Receive(Connection connection, ReadOnlySpan<byte> octets);

    /// <summary>Gives back what the session holds; called when it is over and nothing of it is at the disk; twice is no fault.</summary>
    protected abstract void Release();

    /// <summary>The login that is waiting gets its no.</summary>
    protected virtual void RefuseNow() { }

    /// <summary>Runs the first half on a disk thread and the second on the loop; a session whose connection went meanwhile is only tidied up.</summary>
    protected void AtDisk(Action<MailboxSession> work, Action<MailboxSession> done)
    {
        IsAtDisk = true;
        _work = work;
        _done = done;
        floor.Disk.Run(static session => ((MailboxSession)session)._work!((MailboxSession)session), static session => ((MailboxSession)session!).Back(), this);
    }

    /// <summary>The user who logs in, with a bare name or an address, in a time that does not tell whether it exists; -1: the login is wrong, which <see cref="RefuseNow"/> says after a while.</summary>
    protected int LogIn(ReadOnlySpan<byte> name, ReadOnlySpan<byte> password)
    {
        var user = floor.Users.Find(name.IndexOf((byte)'@') is var at and > 0 ? name[..at] : name);
        if (floor.Users.Verify(user, password)) return user;
        floor.Tally.LoginsRefused++;
        _delay ??= floor.Loop.CreateTimer(static session => ((MailboxSession)session!).DelayOver(), this);
        _delay.Arm(floor.Loop.TurnNs + floor.RefusalDelayNs);
        return -1;
    }

    /// <summary>Closes behind what has been written.</summary>
    protected void End()
    {
        IsOver = true;
        Connection!.CloseAfterSend();
        floor.TellEmptied();
    }

    protected void CountTraffic(Connection connection)
    {
        var (octetsIn, octetsOut) = (connection.OctetsIn, connection.OctetsOut);
        floor.Tally.OctetsIn += octetsIn - _countedIn;
        floor.Tally.OctetsOut += octetsOut - _countedOut;
        (_countedIn, _countedOut) = (octetsIn, octetsOut);
    }

    private void Back()
    {
        IsAtDisk = false;
        if (!IsOver)
        {
            _done!(this);
            return;
        }

        Release();
        floor.TellEmptied();
    }

    private void DelayOver()
    {
        if (!IsOver) RefuseNow();
    }
}
