using System.Text;
using MailBench.Model.Options;
using MailBench.Transport;
using MailBench.Wire.Smtp;

namespace MailBench.Peers.Sink;

/// <summary>A session of the sink: joins a connection, a server machine and the transaction that is open. This part is the connection's side.</summary>
internal sealed partial class SinkSession(SinkFloor floor, bool isReturn, bool refused) : IConnectionHandler
{
    private readonly SmtpServerMachine _machine = new(floor.ServerOptions);
    private Connection? _connection;
    private long _countedIn;
    private long _countedOut;
    private long _heardNs;
    private bool _ending;

    /// <summary>A transaction is open.</summary>
    public bool IsBusy => !_ending && _machine.InTransaction;

    public void OnConnected(Connection connection)
    {
        _connection = connection;
        _heardNs = connection.Loop.TurnNs;
        if (!isReturn) floor.Tally.AddSession();
        var refusal = floor.IsStopping ? SinkReplies.Stopping : refused ? SinkReplies.TooManySessions : RefuseConnection(connection);
        _machine.Greet(connection.Output, refusal);
        if (refusal is not null) End();
    }

    public int OnReceived(Connection connection, ReadOnlySpan<byte> octets)
    {
        if (_ending) return octets.Length;
        _heardNs = connection.Loop.TurnNs;
        var consumed = _machine.Receive(octets, this, connection.Output);
        CountTraffic(connection);
        if (_machine.ShouldClose) End();
        else if (floor.IsStopping) EndWhenIdle(SinkReplies.Stopping);
        else if (connection.UnsentBytes > Connection.HighWaterBytes) connection.PauseReading();
        return _ending ? octets.Length : consumed;
    }

    public void OnWritable(Connection connection) => connection.ResumeReading();

    public void OnClosed(Connection connection, CloseReason reason)
    {
        _ending = true;
        CountTraffic(connection);
        DropTransaction();
        floor.Forget(this);
    }

    /// <summary>Says goodbye and closes, unless a transaction is open; then this is asked again when more of it has come.</summary>
    public void EndWhenIdle(SmtpReply farewell)
    {
        if (_ending || _connection is null || _machine.InTransaction) return;
        farewell.WriteTo(_connection.Output);
        End();
    }

    public void EndIfSilentSince(long oldestNs)
    {
        if (_connection is null || _heardNs >= oldestNs) return;
        if (_ending)
        {
            _connection.Abort();
            return;
        }

        SinkReplies.Idle.WriteTo(_connection.Output);
        End();
    }

    private void End()
    {
        _ending = true;
        DropTransaction();
        _connection!.CloseAfterSend();
        floor.TellEmptied();
    }

    private SmtpReply? RefuseConnection(Connection connection) =>
        isReturn ? null : Counted(floor.Refusals.Decide(RefusalPhase.Connect, Encoding.ASCII.GetBytes(connection.RemoteEndPoint.Address.ToString())));

    private SmtpReply? Counted(SmtpReply? refusal)
    {
        if (refusal is not null) floor.Tally.AddRefusal();
        return refusal;
    }

    private void CountTraffic(Connection connection)
    {
        if (isReturn) return;
        var (octetsIn, octetsOut) = (connection.OctetsIn, connection.OctetsOut);
        floor.Tally.AddTraffic(octetsIn - _countedIn, octetsOut - _countedOut);
        (_countedIn, _countedOut) = (octetsIn, octetsOut);
    }
}
