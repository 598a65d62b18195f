using System.Buffers;
using System.Net;

namespace MailBench.Transport;

/// <summary>
/// The state machine of a connection, without I/O: dialling → open → draining (FIN asked for, waiting for the peer's) → closing → closed. A derived class
/// moves octets and reports what came of it. Input is in <c>LoopConnection.Input.cs</c>, output in <c>LoopConnection.Output.cs</c>.
/// </summary>
internal abstract partial class LoopConnection(LoopThread loop, IConnectionHandler? handler, bool dialling) : Connection, IBufferWriter<byte>
{
    /// <summary>How long a peer may take to answer our FIN, or to take a further octet of what was to be sent before it.</summary>
    private const long PatienceNs = 5_000_000_000;

    private HeapTimer? _timer;
    private bool _attended;
    private bool _draining;
    private bool _endedByPeer;
    private bool _closing;
    private bool _reset;
    private int _unsentAtPatience;
    private CloseReason _reason;

    public override EventLoop Loop => loop;

    public override bool IsOpen => !_closing && !_draining && !_sendBroken;

    protected LoopThread Owner => loop;

    /// <summary>Null only while the owner of a listener is asked for it.</summary>
    protected IConnectionHandler? Handler { get; set; } = handler;

    protected bool IsDialling { get; private set; } = dialling;

    protected bool IsClosing => _closing;

    public override void CloseAfterSend()
    {
        if (_closing || _draining) return;
        if (IsDialling || _tls is { IsOpen: false })
        {
            Abort();
            return;
        }

        _draining = true;
        _inputEnded |= _lastReceived;
        _endedByPeer = _inputEnded;
        _finAsked = true;
        DropInput();
        if (_paused) Unpause();
        MarkDirty();
    }

    public override void Abort() => Close(new CloseReason(CloseKind.ClosedByUs, null), reset: true);

    /// <summary>Ends the connection: the handler hears of it after this turn's events, then the socket is closed.</summary>
    internal void Close(CloseReason reason, bool reset)
    {
        if (_closing) return;
        _closing = true;
        _reason = reason;
        _reset = reset;
        _timer?.Disarm();
        AskAttention();
    }

    internal void PerformAttention()
    {
        _attended = false;
        if (_presentAsked && !_closing && !Yields) PresentAgain();
        if (_writableAsked && !_closing) TellWritable();
        if (_closing) FinishClose();
    }

    /// <summary>Aborts a dialling connection when its time is over.</summary>
    internal void ArmDialTimeout(TimeSpan timeout)
    {
        _timer = new HeapTimer(loop, static state => ((LoopConnection)state!).DialTimedOut(), this);
        _timer.Arm(loop.TurnNs + timeout.Ticks * 100);
    }

    /// <summary>The connection stands: tells the handler.</summary>
    internal void Established()
    {
        IsDialling = false;
        _timer?.Disarm();
        try
        {
            Handler!.OnConnected(this);
        }
        catch (Exception escaped)
        {
            Fail(escaped);
        }

        if (UnsentBytes > 0 || _finAsked) MarkDirty();
    }

    /// <summary>Closes the socket, with a RST if asked, and gives back buffers.</summary>
    protected abstract void DisposeSocket(bool reset);

    protected void AskAttention()
    {
        if (_attended) return;
        _attended = true;
        loop.Attend(this);
    }

    protected void Fail(Exception escaped)
    {
        loop.Report(escaped);
        Close(new CloseReason(CloseKind.HandlerFailed, escaped.Message), reset: true);
    }

    private void DialTimedOut() => Close(new CloseReason(CloseKind.TimedOut, "no answer to connect"), reset: true);

    private void AwaitPeer()
    {
        _unsentAtPatience = UnsentBytes;
        _timer ??= new HeapTimer(loop, static state => ((LoopConnection)state!).PatienceOver(), this);
        if (!_timer.IsArmed) _timer.Arm(loop.TurnNs + PatienceNs);
    }

    private void PatienceOver()
    {
        if (IsDialling || _closing) return;
        if (UnsentBytes > 0 && UnsentBytes < _unsentAtPatience)
            AwaitPeer();
        else
            Close(new CloseReason(CloseKind.ClosedByUs, "the peer did not close"), reset: UnsentBytes > 0);
    }

    private void FinishClose()
    {
        try
        {
            Handler!.OnClosed(this, _reason);
        }
        catch (Exception escaped)
        {
            loop.Report(escaped);
        }

        DisposeSocket(_reset);
        _tls?.Close();
        DropInput();
        DropOutput();
        loop.Forget(this);
    }
}
