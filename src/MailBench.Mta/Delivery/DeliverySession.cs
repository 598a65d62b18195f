using System.Net;
using MailBench.Model.Units;
using MailBench.Mta.Batching;
using MailBench.Transport;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Delivery;

/// <summary>
/// One outbound session over the loop: dials the addresses of its host (and, where the strategy leaves it to the session, the next hosts), speaks
/// transactions that the batcher cuts, and gives every recipient its fate. Here: the connection, its time-outs and its end.
/// </summary>
internal sealed partial class DeliverySession : IConnectionHandler
{
    /// <summary>SessionTimeout at which the waits are those of RFC 5321 §4.5.3.2; others scale with it.</summary>
    private static readonly TimeSpan Standard = TimeSpan.FromMinutes(5);

    private enum Step : byte { Dialling, Greeting, Idle, Transaction, Quitting, Gone }

    private readonly DeliveryStage _stage;
    private readonly SiteSession _site;
    private readonly LoopTimer _timer;
    private SmtpClientMachine _machine = null!;
    private Connection? _connection;
    private int _address;

    /// <summary>Addresses of the first one's family at the head of the host's: sessions begin at them in turn, so that load spreads; what the answer puts behind them stays behind.</summary>
    private int _family;
    private int _spread;
    private bool _inDial;

    /// <summary>Where the session stands. Idle time is told to the counters: an idle session is open and not in use.</summary>
    private Step At
    {
        get;
        set
        {
            if (value == Step.Idle != (field == Step.Idle)) _stage.Counters.Idle(_stage.Loop.TurnNs, value == Step.Idle ? 1 : -1);
            field = value;
        }
    }

    /// <summary>The present connection was established, and is counted as open.</summary>
    private bool _stood;
    private long _deadlineNs;
    private long _armedNs = long.MaxValue;

    public DeliverySession(DeliveryStage stage, SiteSession site)
    {
        _stage = stage;
        _site = site;
        site.Owner = this;
        StartHost();
        _timer = stage.Loop.CreateTimer(static state => ((DeliverySession)state!).OnTimer(), this);
    }

    private IPAddress Address => _site.Host.Addresses[_address < _family ? (_address + _spread) % _family : _address];

    /// <summary>Dials the present address of the present host.</summary>
    public void Dial()
    {
        At = Step.Dialling;
        _machine = new SmtpClientMachine(_stage.ClientOptions);
        _maybeStale = false;
        _connection = null;
        _inDial = true;
        var dialled = _stage.Loop.Dial(new IPEndPoint(Address, _stage.Options.SmtpPort), this, Scaled(30), _stage.Options.Socket);
        _inDial = false;
        // A dial that fails at once has told so already, and another may be under way.
        if (At == Step.Dialling && _connection is null) _connection = dialled;
    }

    /// <summary>Says QUIT and waits a little for the answer.</summary>
    public void Quit()
    {
        At = Step.Quitting;
        _machine.Quit(_connection!.Output);
        Expect(30);
    }

    /// <summary>Gives up connection or greeting: the slot is wanted elsewhere, and no recipient is in hand. Another try begins with another address.</summary>
    public void Abandon()
    {
        NoteAddress(new HostFault(_site.Host.Name, Address, "no answer within its turn", null, "4.4.1", null));
        Finish(abort: true);
    }

    /// <summary>No further transaction: one in flight ends first.</summary>
    public void Stop()
    {
        if (At == Step.Idle)
        {
            _stage.Batcher.Retire(_site);
            Quit();
        }
        else if (At is Step.Dialling or Step.Greeting)
        {
            Finish(abort: true);
        }
    }

    /// <summary>Cuts the connection; nobody hears of its recipients.</summary>
    public void Cut()
    {
        At = Step.Gone;
        _timer.Dispose();
        Drop(abort: true);
    }

    public void OnConnected(Connection connection)
    {
        if (At != Step.Dialling) return;
        _connection = connection;
        At = Step.Greeting;
        _stood = true;
        _stoodNs = _stage.Loop.TurnNs;
        if (_stage.Addresses.Count > 0) _stage.Addresses.Succeeded(Address.ToString());
        _stage.Counters.Opened(_stage.Loop.TurnNs);
        _stage.Counters.RoundTrip();
        Expect(300);
    }

    public int OnReceived(Connection connection, ReadOnlySpan<byte> octets) =>
        connection == _connection ? _machine.Receive(octets, this, connection.Output) : octets.Length;

    public void OnWritable(Connection connection)
    {
        if (connection == _connection && _sending) SendContent();
    }

    public void OnClosed(Connection connection, CloseReason reason)
    {
        // What a connection that we have let go still says is not heard; one that fails while it is being dialled is not known yet.
        if (At == Step.Gone || (connection != _connection && !(_inDial && _connection is null))) return;
        var stood = _stood;
        CountClosed(connection);
        _connection = null;
        Lost(Words(reason, stood), stood ? "4.4.2" : "4.4.1");
    }

    private static string Words(CloseReason reason, bool stood) => reason.Kind switch
    {
        CloseKind.Refused => "connection refused",
        CloseKind.Unreachable => "host or network unreachable",
        CloseKind.TimedOut when !stood => "no answer to the connection attempt in time",
        CloseKind.ClosedByPeer => "the server closed the connection",
        CloseKind.Reset => "the server reset the connection",
        _ => $"connection {(stood ? "lost" : "failed")} ({reason})",
    };

    /// <summary>The connection does not stand any more, without word from the server.</summary>
    private void Lost(string detail, string status)
    {
        switch (At)
        {
            case Step.Dialling or Step.Greeting:
                TryNextAddress(new HostFault(_site.Host.Name, Address, detail, null, status, At == Step.Greeting ? "greeting" : null));
                break;
            case Step.Transaction:
                Break(new HostFault(_site.Host.Name, Address, detail, null, status, StepName), _machine.AwaitsFinalReply);
                break;
            default:
                Finish(abort: false);
                break;
        }
    }

    /// <summary>The address does not serve us: the next one, then the next host, then the end. No recipient is in the hands of a session that has not opened.</summary>
    private void TryNextAddress(HostFault fault)
    {
        Drop(abort: true);
        NoteAddress(fault);
        if (_stage.IsStopping) Finish(abort: true);
        else if (++_address < _site.Host.Addresses.Count) DialNextAddress();
        else if (_stage.Batcher.HostFailed(_site, fault, _stage.Loop.TurnNs)) DialNextHost();
        else Finish(abort: true);
    }

    private void NoteAddress(HostFault fault)
    {
        if (_site.Host.Addresses.Count > 1) _stage.Addresses.Failed(fault with { Host = Address.ToString() }, _stage.Loop.TurnNs);
    }

    private void DialNextHost()
    {
        StartHost();
        Dial();
    }

    private void StartHost()
    {
        var addresses = _site.Host.Addresses;
        _address = _spread = 0;
        _family = 1;
        if (addresses.Count == 1) return;
        while (_family < addresses.Count && addresses[_family].AddressFamily == addresses[0].AddressFamily) _family++;
        _spread = _stage.NextSpread() % _family;
        SkipDead();
    }

    private void DialNextAddress()
    {
        SkipDead();
        Dial();
    }

    /// <summary>Passes over addresses that failed of late; the last one is tried in any case, so that a host is never given up untried.</summary>
    private void SkipDead()
    {
        while (_address < _site.Host.Addresses.Count - 1 && _stage.Addresses.Count > 0 && _stage.Addresses.IsDead(Address.ToString(), _stage.Loop.TurnNs, out _)) _address++;
    }

    /// <summary>The session's end. Its recipients have been settled.</summary>
    private void Finish(bool abort)
    {
        if (At == Step.Gone) return;
        At = Step.Gone;
        Drop(abort);
        _timer.Dispose();
        _stage.Batcher.Ended(_site);
        _stage.Gone(this);
    }

    /// <summary>Lets go of the connection; what it still tells is not heard.</summary>
    private void Drop(bool abort)
    {
        _sending = false;
        if (_connection is not { } connection) return;
        _connection = null;
        CountClosed(connection);
        if (abort) connection.Abort();
        else connection.CloseAfterSend();
    }

    private void CountClosed(Connection connection)
    {
        if (!_stood) return;
        _stood = false;
        _stage.Counters.Closed(_stage.Loop.TurnNs, connection.OctetsIn, connection.OctetsOut);
    }

    /// <summary>
    /// Sets the time-out, given in seconds of the standard's measure. The timer is armed anew only for an earlier deadline: a later one is found when it fires, so that a
    /// transaction seldom touches it.
    /// </summary>
    private void Expect(int standardSeconds) => ExpectUntil(_stage.Loop.TurnNs + Scaled(standardSeconds).ToNs());

    private void ExpectUntil(long deadlineNs)
    {
        _deadlineNs = deadlineNs;
        if (deadlineNs >= _armedNs) return;
        _armedNs = deadlineNs;
        _timer.Arm(deadlineNs);
    }

    private TimeSpan Scaled(int standardSeconds) => _stage.Options.Settings.SessionTimeout * (standardSeconds / Standard.TotalSeconds);

    private void OnTimer()
    {
        _armedNs = long.MaxValue;
        // A dial has its own patience.
        if (At is Step.Gone or Step.Dialling) return;

        if (_stage.Loop.TurnNs < _deadlineNs)
        {
            ExpectUntil(_deadlineNs);
            return;
        }

        if (At == Step.Idle)
        {
            _stage.Batcher.Retire(_site);
            Quit();
            return;
        }

        if (At == Step.Quitting) Finish(abort: true);
        else Lost("the server did not answer in time", "4.4.2");
    }
}
