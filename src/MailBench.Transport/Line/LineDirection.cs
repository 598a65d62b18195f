namespace MailBench.Transport.Line;

/// <summary>
/// One direction of the line: a single server on a virtual clock (GCRA). A segment begins when the server is free and takes its wire octets ÷ capacity;
/// deadlines are absolute, so a late wake-up is made good from the backlog, while an idle line earns next to no credit. Connections take turns by
/// deficit round robin with a full segment as quantum. Pure but for handing octets to their target: time is passed in.
/// </summary>
/// <param name="queueBytes">What <see cref="QueueBytes"/> is asked to be; on a fast line it is more, see <see cref="LeastQueueNs"/>.</param>
internal sealed class LineDirection(long queueBytes, long delayNs)
{
    /// <summary>
    /// The queue holds at least so much of the line's time, whatever was asked for. Processes wake milliseconds late on a virtual machine: a queue that runs dry meanwhile is the testbed's limit and not
    /// the line's, and a short one costs a wake-up of three processes for every few segments.
    /// </summary>
    private const long LeastQueueNs = 5_000_000;

    /// <summary>An arrival may have waited unseen for a turn of the loop: on an idle line it may begin so much before it was seen.</summary>
    private const long IdleCreditNs = 100_000;

    /// <summary>What arrives right after a pause has waited in the kernel since the queue was full; a longer gap was the sender's.</summary>
    private const long PausedCreditNs = 20_000_000;

    /// <summary>How early a segment may go when its wake-up would come so soon after another's: less than what the line's figures resolve.</summary>
    private const long SlackNs = 50_000;

    /// <summary>The same where octets wait for at least <see cref="LongQueueNs"/>.</summary>
    private const long LongSlackNs = 200_000;
    private const long LongQueueNs = 2_000_000;

    /// <summary>
    /// What the line's own lateness may cost in all: time in which the queue ran dry only because the loop did not get a processor. It is made good when
    /// the senders, who had to wait for it, come back.
    /// </summary>
    private const long LateCreditNs = 50_000_000;

    /// <summary>How soon they must come back: a longer gap is their own.</summary>
    private const long LateCreditLastsNs = 50_000_000;

    /// <summary>Lateness below it is the clock's resolution, and not counted.</summary>
    private const long CountedLatenessNs = 1_000_000;

    /// <summary>Every connection may hold so many segments whatever the others hold, or it could not take its turn.</summary>
    private const int GuaranteedSegments = 2;

    /// <summary>A quarter of a millisecond of 1 Gbit/s: smaller buffers there wake three processes for every few segments.</summary>
    private const int MostKernelBytes = 32 << 10;

    /// <summary>Octets on the way through the delay; beyond it the server waits (a limit for unlimited capacity).</summary>
    private const long UnderWayLimitBytes = 64L << 20;

    private readonly long _askedBytes = queueBytes;

    private readonly Queue<LineFlow> _round = new();
    private readonly Queue<LineFlow> _paused = new();
    private readonly Queue<(LineFlow Flow, int Payload, long Cost, long DeliverNs)> _underWay = new();
    private long _capacity;
    private long _freeNs;
    private long _seenNs;
    private long _dueNs = long.MaxValue;
    private long _lateCreditNs;
    private long _lateSinceNs;
    private long _remainder;
    private long _waiting;
    private long _underWayBytes;
    private int _pausedCount;
    private long _backlogSinceNs = -1;
    private long _backloggedNs;

    /// <summary>Bits per second; 0: unlimited.</summary>
    public long Capacity => _capacity;

    /// <summary>Octets that may wait, kernel buffers of paused sources included.</summary>
    public long QueueBytes { get; private set; } = queueBytes;

    /// <summary>What a socket's buffer may hold at either end: little of the queue, since it waits for the line too.</summary>
    public int KernelBytes => (int)Math.Clamp(QueueBytes / 8, 4 << 10, MostKernelBytes);

    /// <summary>All octets on the wire so far, and what they were made of.</summary>
    public long WireOctets { get; private set; }

    public long Payload { get; private set; }

    /// <summary>By how much the loop's wake-ups were late, in all.</summary>
    public long LateNs { get; private set; }

    public bool IsEmpty => _waiting == 0 && _underWay.Count == 0;

    public long BackloggedNs(long nowNs) => _backloggedNs + (_backlogSinceNs < 0 ? 0 : nowNs - _backlogSinceNs);

    public void SetCapacity(long bitsPerSecond, long nowNs)
    {
        // What the server still owes (or has in credit) is octets: it takes its time at the new rate.
        if (_freeNs != 0 && _capacity > 0 && bitsPerSecond > 0) _freeNs = nowNs + (long)((_freeNs - nowNs) * ((double)_capacity / bitsPerSecond));
        if (_capacity == 0 || bitsPerSecond == 0) _freeNs = nowNs;
        _capacity = bitsPerSecond;
        QueueBytes = Math.Max(_askedBytes, bitsPerSecond / 8 * LeastQueueNs / 1_000_000_000);
        _remainder = 0;
    }

    /// <summary>Octets from a flow's source. When they fill the queue, the source is paused.</summary>
    public void Enqueue(LineFlow flow, ReadOnlySpan<byte> octets, long nowNs)
    {
        if (flow.IsDead) return;
        if (_round.Count == 0) EndIdleness(nowNs, flow.WasPaused);

        flow.WasPaused = false;
        flow.Octets.Append(octets);
        flow.Queued += octets.Length;
        _waiting += octets.Length;
        if (_backlogSinceNs < 0) _backlogSinceNs = nowNs;
        Join(flow);
        if (flow.IsPaused || HasRoom(flow)) return;
        flow.IsPaused = true;
        _pausedCount++;
        _paused.Enqueue(flow);
        flow.Source.PauseReading();
    }

    /// <summary>The source has sent FIN: it follows its last octets.</summary>
    public void EnqueueFin(LineFlow flow, long nowNs)
    {
        if (flow.FinAsked) return;
        flow.FinAsked = true;
        if (flow.Queued == 0) SendFin(flow, nowNs);
    }

    /// <summary>The flow may have become ready: its target connected, drained, or its handshake ended.</summary>
    public void Wake(LineFlow flow, long nowNs)
    {
        _waiting -= flow.Blocked;
        flow.Blocked = 0;
        if (_round.Count == 0 && flow.IsReady) EndIdleness(nowNs, wasPaused: false);
        Join(flow);
        if (flow is { FinAsked: true, FinUnderWay: false, Queued: 0 }) SendFin(flow, nowNs);
    }

    /// <summary>Drops what waits; what is under way is dropped on arrival.</summary>
    public void Kill(LineFlow flow, long nowNs)
    {
        if (flow.IsDead) return;
        flow.IsDead = true;
        _waiting -= flow.Queued + flow.Blocked;
        flow.Queued = flow.Blocked = 0;
        if (flow.IsPaused) Resume(flow);
        flow.Octets.Clear();
        NoteBacklog(nowNs);
        ResumeSources();
    }

    /// <summary>
    /// Charges what the kernel counted beyond the estimates (pure ACKs, SYN, FIN, split segments), or takes back what it did not.
    /// </summary>
    public void Correct(LineFlow flow, long difference, long nowNs)
    {
        if (difference == 0) return;
        flow.Charged += difference;
        WireOctets += difference;
        if (_round.Count == 0) _freeNs = Math.Max(_freeNs, nowNs - IdleCreditNs - LateCredit(nowNs));
        Occupy(difference);
    }

    /// <summary>
    /// Begins every segment whose time has come and delivers every one that is due; those of the next moment with them, which spares wake-ups.
    /// Returns when to call again; <see cref="long.MaxValue"/> when nothing waits.
    /// </summary>
    public long Run(long nowNs)
    {
        var horizonNs = nowNs + (_capacity > 0 && _waiting * 8_000_000_000L / _capacity > LongQueueNs ? LongSlackNs : SlackNs);
        while (_round.Count > 0 && _freeNs <= horizonNs && _underWayBytes < UnderWayLimitBytes) ServeNext(nowNs);
        while (_underWay.Count > 0 && _underWay.Peek().DeliverNs <= horizonNs) Deliver();
        NoteLateness(nowNs);
        NoteBacklog(nowNs);
        ResumeSources();
        _dueNs = _underWay.Count > 0 ? _underWay.Peek().DeliverNs : long.MaxValue;
        if (_round.Count > 0 && _underWayBytes < UnderWayLimitBytes) _dueNs = Math.Min(_dueNs, _freeNs);
        return _dueNs;
    }

    private void Join(LineFlow flow)
    {
        if (flow.InRound || !flow.IsReady) return;
        flow.InRound = true;
        _round.Enqueue(flow);
    }

    private void ServeNext(long nowNs)
    {
        var flow = _round.Peek();
        if (flow.Target is { } target && flow.Blocked == 0 && target.UnsentBytes >= target.HighWater)
        {
            // The receiver is slow, not the line: its octets wait, and are counted, until it has taken some.
            flow.Blocked = target.UnsentBytes;
            _waiting += flow.Blocked;
        }

        if (!flow.IsReady)
        {
            _round.Dequeue();
            flow.InRound = false;
            flow.Deficit = 0;
            return;
        }

        var payload = Math.Min(flow.Queued, flow.Cost.SegmentBytes);
        var cost = flow.Cost.Of(payload);
        if (flow.Deficit < cost)
        {
            flow.Deficit += flow.Cost.Of(flow.Cost.SegmentBytes);
            _round.Enqueue(_round.Dequeue());
            return;
        }

        flow.Deficit -= cost;
        if (_capacity == 0) _freeNs = Math.Max(_freeNs, nowNs);
        Occupy(cost);
        flow.Queued -= payload;
        flow.Serialised += payload;
        flow.Charged += cost;
        flow.UnderWayCost += cost;
        _waiting -= payload;
        _underWayBytes += payload;
        WireOctets += cost;
        Payload += payload;
        _underWay.Enqueue((flow, payload, cost, Math.Max(_freeNs, _seenNs) + delayNs));
        if (flow.Queued > 0) return;
        if (flow.FinAsked) SendFin(flow, nowNs);
    }

    private void SendFin(LineFlow flow, long nowNs)
    {
        if (!flow.IsOpen || flow.Target is null || flow.FinUnderWay || flow.IsDead) return;
        flow.FinUnderWay = true;
        _underWay.Enqueue((flow, 0, 0, Math.Max(_freeNs, nowNs) + delayNs));
    }

    private void Deliver()
    {
        var (flow, payload, cost, _) = _underWay.Dequeue();
        _underWayBytes -= payload;
        flow.UnderWayCost -= cost;
        flow.Delivered += payload;
        if (flow.IsDead) return;
        if (payload == 0)
            flow.Target!.ShutdownSend();
        else
            flow.Octets.MoveTo(flow.Target!, payload);
    }

    /// <summary>The server is busy for so many octets more (or fewer); what a division leaves over is kept, so that no rounding adds up.</summary>
    private void Occupy(long octets)
    {
        if (_capacity == 0) return;
        var scaled = octets * 8_000_000_000L + _remainder;
        _freeNs += scaled / _capacity;
        _remainder = scaled % _capacity;
    }

    /// <summary>Octets arrive at an empty queue: the server begins now, but for what it owes them.</summary>
    private void EndIdleness(long nowNs, bool wasPaused)
    {
        _freeNs = Math.Max(_freeNs, nowNs - LateCredit(nowNs) - (wasPaused ? PausedCreditNs : IdleCreditNs));
        _lateCreditNs = 0;
        if (!wasPaused) _seenNs = nowNs;
    }

    private long LateCredit(long nowNs) => nowNs - _lateSinceNs < LateCreditLastsNs ? _lateCreditNs : 0;

    /// <summary>The queue ran dry: how much of the time since then is the loop's own lateness?</summary>
    private void NoteLateness(long nowNs)
    {
        if (nowNs <= _dueNs) return;
        if (nowNs - _dueNs > CountedLatenessNs) LateNs += nowNs - _dueNs;
        if (_round.Count > 0 || _freeNs >= nowNs) return;
        _lateCreditNs = Math.Min(LateCredit(nowNs) + Math.Min(nowNs - _dueNs, nowNs - _freeNs), LateCreditNs);
        _lateSinceNs = nowNs;
    }

    private bool HasRoom(LineFlow flow) =>
        _waiting + (_pausedCount + 1L) * KernelBytes < QueueBytes || flow.Queued < GuaranteedSegments * flow.Cost.SegmentBytes;

    private void ResumeSources()
    {
        if (_paused.Count == 0) return;

        // Not a wake-up of the source for every segment.
        var resumeBelow = QueueBytes - Math.Min(QueueBytes / 8, KernelBytes);
        for (var n = _paused.Count; n > 0; n--)
        {
            var flow = _paused.Dequeue();
            if (!flow.IsPaused) continue;
            if (_waiting + (long)_pausedCount * KernelBytes < resumeBelow || flow.Queued < GuaranteedSegments * flow.Cost.SegmentBytes)
                Resume(flow);
            else
                _paused.Enqueue(flow);
        }
    }

    private void Resume(LineFlow flow)
    {
        flow.IsPaused = false;
        flow.WasPaused = true;
        _pausedCount--;
        flow.Source.ResumeReading();
    }

    private void NoteBacklog(long nowNs)
    {
        if (_waiting > 0 || _backlogSinceNs < 0) return;
        _backloggedNs += nowNs - _backlogSinceNs;
        _backlogSinceNs = -1;
    }
}
