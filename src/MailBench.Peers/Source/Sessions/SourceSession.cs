using MailBench.Model.Events;
using MailBench.Model.Units;
using MailBench.Peers.Source.Arrivals;
using MailBench.Peers.Source.Workload;
using MailBench.Transport;
using MailBench.Wire.Smtp;

namespace MailBench.Peers.Source.Sessions;

/// <summary>
/// One connection and its dialogue: dialled for an arrival (or none), it sends one message after another as the <see cref="Dispatcher"/> gives them. Phases are timed from the
/// actual start to the turn in which their last reply was read; end of data runs from the first octet of content to the final reply.
/// </summary>
internal sealed partial class SourceSession : IConnectionHandler, ISmtpClientSession
{
    private readonly Dispatcher _owner;
    private readonly SmtpClientMachine _machine;
    private SourceEnvelope _envelope;
    private SourceEnvelope? _aheadEnvelope;
    private Arrival _ahead;
    private long _aheadStartNs;
    private bool _hasAhead;
    private Connection? _connection;
    private CountedOutput? _output;
    private Arrival _arrival;
    private bool _hasArrival;
    private bool _inTransaction;
    private bool _freed;
    private bool _announced;
    private long _phaseStartNs;
    private long _seenIn;
    private long _seenOut;

    public SourceSession(Dispatcher owner)
    {
        _owner = owner;
        _machine = new SmtpClientMachine(owner.ClientOptions);
        _envelope = owner.NewEnvelope();
    }

    /// <summary>EHLO has been answered: the session has been, or is, of use.</summary>
    public bool IsReady { get; private set; }
    public bool IsQuitting { get; private set; }

    /// <summary>Transactions that got their final reply on this session.</summary>
    public int Transactions { get; private set; }

    /// <summary>When the peer was last heard or took output, CLOCK_MONOTONIC ns.</summary>
    public long LastActivityNs { get; private set; }

    /// <summary>What the driver is still to hear of, when the session has closed (sessions that are not reused).</summary>
    public MessageEnd? OwedEnd { get; set; }
    public bool IsOpen => _connection is { IsOpen: true } && !IsQuitting && !_machine.ShouldClose;
    public bool HasWork => _hasArrival || _hasAhead;

    /// <summary>Dials; the message's service begins now.</summary>
    public void Dial(Arrival arrival, long nowNs)
    {
        _arrival = arrival;
        _hasArrival = true;
        _phaseStartNs = LastActivityNs = nowNs;
        _owner.Books.Started(arrival, nowNs, _owner.Workload.Recipients);
        _connection = _owner.Loop.Dial(_owner.Target, this, _owner.DialTimeout);
    }

    /// <summary>Sends a message on a ready session.</summary>
    public void Start(Arrival arrival, long nowNs)
    {
        _arrival = arrival;
        _hasArrival = true;
        _owner.Books.Started(arrival, nowNs, _owner.Workload.Recipients);
        Begin(nowNs);
    }

    public void Quit(long nowNs)
    {
        if (IsQuitting || _connection is not { IsOpen: true }) return;
        IsQuitting = true;
        _phaseStartNs = LastActivityNs = nowNs;
        _machine.Quit(_output!);
    }

    public void Abort() => _connection?.Abort();

    public void OnConnected(Connection connection)
    {
        _connection = connection;
        _output = new CountedOutput(connection.Output);
        EndPhase(DialoguePhase.Connect);
    }

    public int OnReceived(Connection connection, ReadOnlySpan<byte> octets)
    {
        LastActivityNs = _owner.Loop.TurnNs;
        var consumed = _machine.Receive(octets, this, _output!);
        CountOctets(connection);
        if (_machine.ShouldClose) connection.CloseAfterSend();
        if (IsReady && !_announced)
        {
            _announced = true;
            _owner.SessionReady();
            if (_hasArrival) Begin(_owner.Loop.TurnNs);
        }

        if (_freed)
        {
            _freed = false;
            _owner.SessionFreed(this, TakeEnd());
        }

        return consumed;
    }

    public void OnWritable(Connection connection)
    {
        LastActivityNs = _owner.Loop.TurnNs;
        ContinueContent();
    }

    public void OnClosed(Connection connection, CloseReason reason)
    {
        CountOctets(connection);
        Arrival? again = null;
        if (_hasArrival)
        {
            if (_machine.AwaitsFinalReply) End(Outcome.Uncertain, 0);
            else if (MayGoAgain) again = _arrival with { Retried = true };
            else End(Outcome.Failed, 0);
            _owner.Note(_arrival.Sequence, reason.ToString());
            _hasArrival = false;
        }

        if (_hasAhead) again = DropAhead();
        _owner.SessionClosed(this, IsReady, again, OwedEnd ?? TakeEnd());
    }

    private void Begin(long nowNs)
    {
        Take(_arrival, nowNs);
        LastActivityNs = nowNs;
        _envelope.Address(_arrival.Sequence, _message!);
        var before = _output!.Written;
        _machine.Begin(_envelope, _output);
        CountCommands(_envelope, _output.Written - before);
    }

    private void EndPhase(DialoguePhase phase)
    {
        var nowNs = _owner.Loop.TurnNs;
        _owner.Books.Phase(phase, _arrival.Sequence, _phaseStartNs, nowNs);
        _phaseStartNs = nowNs;
    }

    private void CountOctets(Connection connection)
    {
        var counters = _owner.Books.Counters;
        counters.OctetsIn += connection.OctetsIn - _seenIn;
        counters.OctetsOut += connection.OctetsOut - _seenOut;
        _seenIn = connection.OctetsIn;
        _seenOut = connection.OctetsOut;
    }
}
