namespace MailBench.Transport.Line;

/// <summary>
/// A connection that crosses the line: its near side (to the sender) and its far side (to the receiver). The kernel has answered the sender's connect at
/// once; the round trip that this would have taken is charged here: with a one-way delay D the far side is dialled after D, the sender's octets
/// go off after 2·D, and the receiver's (its greeting) after 3·D, when a real receiver would have seen the handshake end.
/// </summary>
internal sealed class LineConnection : IConnectionHandler
{
    private readonly LineNode _line;
    private readonly LinePortPair _port;
    private readonly Connection _near;
    private readonly LineFlow _forward;
    private LineFlow? _reverse;
    private Connection? _far;
    private LoopTimer? _handshake;
    private int _stage;
    private bool _nearClosed;
    private bool _farClosed;
    private bool _aborted;
    private TcpCounts _counted;

    public LineConnection(LineNode line, LinePortPair port, Connection near)
    {
        _line = line;
        _port = port;
        _near = near;
        _near.HighWater = line.Reverse.KernelBytes;
        _forward = new LineFlow(line.Forward, near, port.Cost);
    }

    /// <summary>In the line's list of connections to be counted soon.</summary>
    public bool IsTouched { get; set; }

    public void OnConnected(Connection connection)
    {
        if (connection == _near)
        {
            _handshake = _line.Loop.CreateTimer(static state => ((LineConnection)state!).NextStage(), this);
            if (_line.DelayNs == 0)
                while (_stage < 3) NextStage();
            else
                _handshake.Arm(_line.Loop.TurnNs + _line.DelayNs);
            return;
        }

        _forward.Target = _far;
        _line.Touch(this);
        _line.Forward.Wake(_forward, _line.Loop.TurnNs);
    }

    public int OnReceived(Connection connection, ReadOnlySpan<byte> octets)
    {
        var flow = FlowFrom(connection);
        flow.Direction.Enqueue(flow, octets, _line.Loop.TurnNs);
        _line.Touch(this);
        return octets.Length;
    }

    public void OnWritable(Connection connection)
    {
        var flow = connection == _near ? _reverse! : _forward;
        flow.Direction.Wake(flow, _line.Loop.TurnNs);
    }

    public void OnInputEnded(Connection connection)
    {
        var flow = FlowFrom(connection);
        flow.Direction.EnqueueFin(flow, _line.Loop.TurnNs);
    }

    public void OnClosed(Connection connection, CloseReason reason)
    {
        var isNear = connection == _near;
        if (isNear)
            _nearClosed = true;
        else
            CloseFar(isReset: _aborted && reason.Kind == CloseKind.ClosedByUs);

        if (reason.Kind == CloseKind.ClosedByPeer)
        {
            // Both FINs have passed this side; the peer's may still have to reach the other.
            var flow = FlowFrom(connection);
            flow.Direction.EnqueueFin(flow, _line.Loop.TurnNs);
        }
        else
        {
            Cut(refused: !isNear && _forward.Target is null);
        }

        if (_nearClosed && (_farClosed || _far is null)) _line.Forget(this);
    }

    /// <summary>
    /// Brings the charges of both directions in line with what the kernel has counted on the far side. Octets that it has not sent yet, or has received and
    /// the line not served yet, stand in by their estimate; at the end (<paramref name="last"/>) nothing more is sent, but a reset where the line ends it by one (<paramref name="isReset"/>).
    /// </summary>
    public void Reconcile(long nowNs, bool last = false, bool isReset = false)
    {
        if (_farClosed || _far?.ReadTcpCounts() is not { } counts) return;
        if (isReset) counts = counts with { SegmentsOut = counts.SegmentsOut + 1 };
        var cost = _port.Cost;
        _line.SegmentsForward += counts.SegmentsOut - _counted.SegmentsOut;
        _line.SegmentsReverse += counts.SegmentsIn - _counted.SegmentsIn;
        _counted = counts;

        var sent = cost.Of(counts.BytesSent, counts.SegmentsOut) + (counts.SegmentsOut > 0 ? WireCost.SynExtraBytes : 0);
        var unsent = last ? 0 : cost.Of(_forward.Delivered - counts.BytesSent) + _forward.UnderWayCost;
        _line.Forward.Correct(_forward, sent + unsent - _forward.Charged, nowNs);

        // The kernel counts a FIN as an octet received; where all has been read, what was read is exact.
        var bytesReceived = last || _reverse!.FinAsked ? _far.OctetsIn : counts.BytesReceived;
        var received = cost.Of(bytesReceived, counts.SegmentsIn) + (counts.SegmentsIn > 0 ? WireCost.SynExtraBytes : 0);
        var unserved = _reverse!.IsDead ? 0 : cost.Of(bytesReceived - _reverse.Serialised);
        _line.Reverse.Correct(_reverse, received - unserved - _reverse.Charged, nowNs);
    }

    /// <summary>Resets both sides.</summary>
    public void Abort()
    {
        _aborted = true;
        _near.Abort();
        _far?.Abort();
    }

    private LineFlow FlowFrom(Connection connection) => connection == _near ? _forward : _reverse!;

    private void NextStage()
    {
        if (_nearClosed) return;
        switch (++_stage)
        {
            case 1:
                _far = _line.DialFar(_port, this);
                _far.HighWater = _line.Forward.KernelBytes;
                _reverse = new LineFlow(_line.Reverse, _far, _port.Cost) { Target = _near };
                break;
            case 2:
                _forward.IsOpen = true;
                _line.Forward.Wake(_forward, _line.Loop.TurnNs);
                break;
            case 3:
                _reverse!.IsOpen = true;
                _line.Reverse.Wake(_reverse, _line.Loop.TurnNs);
                break;
        }

        if (_stage < 3 && _line.DelayNs > 0) _handshake!.Arm(_line.Loop.TurnNs + _line.DelayNs);
    }

    /// <param name="isReset">The kernel is about to send a reset, and counts it only then.</param>
    private void CloseFar(bool isReset)
    {
        Reconcile(_line.Loop.TurnNs, last: true, isReset && _forward.Target is not null);
        _farClosed = true;
    }

    /// <summary>A side was reset, or could not be reached: so is the other; a refusal takes its way back first.</summary>
    private void Cut(bool refused)
    {
        var nowNs = _line.Loop.TurnNs;
        _line.Forward.Kill(_forward, nowNs);
        if (_reverse is not null) _line.Reverse.Kill(_reverse, nowNs);
        _handshake?.Dispose();
        if (refused && _line.DelayNs > 0 && !_nearClosed)
            _line.Loop.CreateTimer(static state => ((LineConnection)state!).Abort(), this).Arm(nowNs + _line.DelayNs);
        else
            Abort();
    }
}
