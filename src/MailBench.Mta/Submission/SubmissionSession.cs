using System.Net;
using MailBench.Mta.Queue;
using MailBench.Transport;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Submission;

/// <summary>An inbound session: joins a connection, a server machine and the transaction that is open. This part is the connection's side.</summary>
internal sealed partial class SubmissionSession(SubmissionStage stage, IPAddress client, SmtpReply? refusal) : IConnectionHandler
{
    /// <summary>Octets of content that count as having been heard: who sends one now and then holds no session for ever.</summary>
    private const int AudibleBytes = 1024;

    private readonly SmtpServerMachine _machine = new(stage.ServerOptions);
    private Connection? _connection;
    private long _lastHeardNs;
    private int _trickled;
    private bool _ending;
    private bool _inputEnded;

    /// <summary>The address that the client is counted by.</summary>
    public IPAddress Client => client;

    public void OnConnected(Connection connection)
    {
        _connection = connection;
        _lastHeardNs = connection.Loop.TurnNs;
        _machine.Greet(connection.Output, refusal);
        if (refusal is not null) End();
    }

    public int OnReceived(Connection connection, ReadOnlySpan<byte> octets)
    {
        if (_ending) return octets.Length;
        var consumed = _machine.Receive(octets, this, connection.Output);
        Heard(consumed);
        AfterMachine(connection);
        return _ending ? octets.Length : consumed;
    }

    public void OnWritable(Connection connection)
    {
        if (!_machine.IsWaiting) connection.ResumeReading();
    }

    public void OnInputEnded(Connection connection)
    {
        // A client may send FIN behind its last message and still read: the answer that is owed goes out first.
        if (_machine.IsWaiting) _inputEnded = true;
        else if (!_ending) End();
    }

    public void OnClosed(Connection connection, CloseReason reason)
    {
        _ending = true;
        stage.Counters.OctetsIn += connection.OctetsIn;
        stage.Counters.OctetsOut += connection.OctetsOut;
        DropTransaction();
        stage.Forget(this);
    }

    /// <summary>The queue has answered the end of data. The session may be gone by now: then the message is queued all the same, as RFC 5321 §4.2.5 wants it.</summary>
    public void OnQueueAnswered(QueueId queued, Exception? error)
    {
        if (_ending || _connection is not { } connection) return;
        _lastHeardNs = connection.Loop.TurnNs;
        if (error is null)
        {
            Span<byte> reply = stackalloc byte[SubmissionReplies.MaxQueuedBytes];
            _machine.ResumeAccepted(reply[..SubmissionReplies.WriteQueued(queued, reply)], connection.Output);
        }
        else
        {
            _machine.Resume(SubmissionReplies.For(error), connection.Output);
        }

        AfterMachine(connection);
        if (_ending) return;
        if (_inputEnded) End();
        else connection.ResumeReading();
    }

    public void EndWhenIdle()
    {
        if (!_ending && _connection is not null && !_machine.InTransaction && !_machine.IsWaiting) End(SubmissionReplies.Stopping);
    }

    /// <summary>Who waits for the queue is not silent: it is our turn.</summary>
    public void EndIfSilentSince(long oldestNs)
    {
        if (_lastHeardNs >= oldestNs || _machine.IsWaiting) return;
        if (_ending) Abort();
        else End(SubmissionReplies.Idle);
    }

    public void Abort() => _connection?.Abort();

    /// <summary>A command counts when it is whole, content by the KiB.</summary>
    private void Heard(int octets)
    {
        _trickled += octets;
        if (octets == 0 || (_machine.InContent && _trickled < AudibleBytes)) return;
        _lastHeardNs = _connection!.Loop.TurnNs;
        _trickled = 0;
    }

    private void AfterMachine(Connection connection)
    {
        if (_machine.ShouldClose) End();
        else if (_machine.IsWaiting) connection.PauseReading();
        else if (stage.IsStopping) EndWhenIdle();
        else if (connection.UnsentBytes > Connection.HighWaterBytes) connection.PauseReading();
    }

    private void End(SmtpReply? farewell = null)
    {
        _ending = true;
        farewell?.WriteTo(_connection!.Output);
        DropTransaction();
        _connection!.CloseAfterSend();
    }
}
