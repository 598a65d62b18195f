using MailBench.Transport;

namespace MailBench.Peers.Mailbox;

/// <summary>What sessions of all protocols have in common: their connection, traffic counts, time-out, end.</summary>
internal abstract class MailboxSession(MailboxFloor floor) : IConnectionHandler
{
    private long _countedIn;
    private long _countedOut;

    /// <summary>Something is under way that a stopping server waits for.</summary>
    public abstract bool IsBusy { get; }

    protected MailboxFloor Floor => floor;
    protected Connection? Connection { get; private set; }

    /// <summary>When the client was last heard, CLOCK_MONOTONIC ns.</summary>
    protected long HeardNs { get; private set; }
    protected long BeganNs { get; private set; }

    /// <summary>The connection is going or gone: answers of the disk that still come are for nobody.</summary>
    protected bool IsOver { get; private set; }

    public void OnConnected(Connection connection)
    {
        Connection = connection;
        BeganNs = HeardNs = connection.Loop.TurnNs;
        floor.Tally.Sessions++;
        Begin(connection);
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
        Release();
        floor.Forget(this);
    }

    /// <summary>The server stops: say so and end, unless something is under way (then this is asked again when that has ended).</summary>
    public abstract void EndWhenIdle();

    /// <summary>The client has been silent for too long.</summary>
    public abstract void EndIfSilent(long nowNs);

    /// <summary>Greets.</summary>
    protected abstract void Begin(Connection connection);

    protected abstract int Receive(Connection connection, ReadOnlySpan<byte> octets);

    /// <summary>Gives back what the session holds; called once its connection is gone.</summary>
    protected abstract void Release();

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
}
