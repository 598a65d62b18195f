using System.Buffers;

namespace MailBench.Transport;

internal abstract partial class LoopConnection
{
    private byte[] _output = [];
    private int _outputStart;
    private int _outputEnd;
    private bool _dirty;
    private bool _finAsked;
    private bool _finSent;
    private bool _sendBroken;
    private CloseReason _brokenReason;
    private bool _aboveHighWater;
    private bool _writableAsked;
    private long _octetsOut;

    public override long OctetsOut => Volatile.Read(ref _octetsOut);

    public override IBufferWriter<byte> Output => this;

    public override int UnsentBytes => _outputEnd - _outputStart + (_tls?.PlainBytes ?? 0);

    /// <summary>The kernel may be given something.</summary>
    protected bool HasPendingOutput => _outputEnd > _outputStart;

    private bool TakesOutput => !_closing && !_finAsked && !_sendBroken;

    public override void Send(ReadOnlySpan<byte> octets)
    {
        if (!TakesOutput || octets.IsEmpty) return;
        if (_tls is not null) octets.CopyTo(_tls.GetMemory(octets.Length).Span);
        else AppendOutput(octets);
        Written(_tls is null ? 0 : octets.Length);
    }

    public void Advance(int count)
    {
        if (!TakesOutput) return;
        if (_tls is null) _outputEnd += count;
        Written(_tls is null ? 0 : count);
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_tls is not null) return _tls.GetMemory(Math.Max(sizeHint, 1));
        EnsureOutput(Math.Max(sizeHint, 1));
        return _output.AsMemory(_outputEnd);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        if (_tls is not null) return _tls.GetMemory(Math.Max(sizeHint, 1)).Span;
        EnsureOutput(Math.Max(sizeHint, 1));
        return _output.AsSpan(_outputEnd);
    }

    public override void ShutdownSend()
    {
        if (_closing || _finAsked) return;
        _finAsked = true;
        MarkDirty();
    }

    /// <summary>The turn's flush has come to this connection; false when there is nothing to do.</summary>
    internal bool BeginFlush()
    {
        // Dirty until it is sealed: that writes output of its own.
        if (!_closing && !IsDialling) _tls?.Seal(last: _finAsked);
        _dirty = false;
        return !_closing && !IsDialling;
    }

    internal void Flush()
    {
        FlushOutput();
        AfterFlush();
    }

    /// <summary>Gives what it can of <see cref="PendingOutput"/> to the kernel and reports it by <see cref="OutputTaken"/> or <see cref="OutputBroke"/>.</summary>
    protected abstract void FlushOutput();

    /// <summary>Sends FIN.</summary>
    protected abstract void ShutdownSocket();

    /// <summary>The output is in memory of <see cref="LoopThread.RentBuffer"/>.</summary>
    protected bool IsOutputInBuffer => _output.Length == LoopThread.BufferBytes;

    protected ReadOnlyMemory<byte> PendingOutput => _output.AsMemory(_outputStart, _outputEnd - _outputStart);

    protected void OutputTaken(int count)
    {
        Volatile.Write(ref _octetsOut, _octetsOut + count);
        _outputStart += count;
        if (_outputStart == _outputEnd) DropOutput();
    }

    /// <summary>Hands the pending output over to an asynchronous send: the caller counts it and returns the array to the shared pool.</summary>
    protected (byte[] Array, int Start, int Length) DetachOutput()
    {
        var detached = (_output, _outputStart, _outputEnd - _outputStart);
        _output = [];
        _outputStart = _outputEnd = 0;
        return detached;
    }

    protected void CountSent(int count) => Volatile.Write(ref _octetsOut, _octetsOut + count);

    /// <summary>Sending failed. What the peer said before is still read; reading then finds the end.</summary>
    protected void OutputBroke(CloseReason reason)
    {
        _sendBroken = true;
        _brokenReason = reason;
        DropOutput();
        if (_inputEnded || _paused) Close(reason, reset: true);
    }

    /// <summary>After output has left: FIN if asked for, and word to a producer that waits.</summary>
    protected void AfterFlush()
    {
        if (_closing) return;
        if (_finAsked && !_finSent && UnsentBytes == 0)
        {
            _finSent = true;
            if (!_sendBroken) ShutdownSocket();
            if (_inputEnded) CloseBothEnded();
        }

        if (_draining && !_closing) AwaitPeer();
        if (!_aboveHighWater || UnsentBytes > HighWater / 4) return;
        _aboveHighWater = false;
        _writableAsked = true;
        AskAttention();
    }

    private void TellWritable()
    {
        _writableAsked = false;
        if (!TakesOutput) return;
        try
        {
            Handler!.OnWritable(this);
        }
        catch (Exception escaped)
        {
            Fail(escaped);
        }
    }

    private void AppendOutput(ReadOnlySpan<byte> octets)
    {
        EnsureOutput(octets.Length);
        octets.CopyTo(_output.AsSpan(_outputEnd));
        _outputEnd += octets.Length;
    }

    /// <summary>Output was written; so much of it is still to be sealed.</summary>
    private void Written(int plain)
    {
        if (plain > 0) _tls!.Advance(plain);
        if (UnsentBytes >= HighWater) _aboveHighWater = true;
        MarkDirty();
    }

    private void MarkDirty()
    {
        if (_dirty) return;
        _dirty = true;
        Owner.Dirty(this);
    }

    private void EnsureOutput(int more)
    {
        if (_output.Length - _outputEnd >= more) return;
        if (_output.Length == 0)
        {
            _output = Owner.RentBuffer();
            if (_output.Length >= more) return;
        }

        var pending = _outputEnd - _outputStart;
        if (_outputStart > 0 && _output.Length - pending >= more && pending <= _outputStart)
        {
            _output.AsSpan(_outputStart, pending).CopyTo(_output);
        }
        else
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(pending + more, Math.Min(_output.Length * 2, 1 << 20)));
            _output.AsSpan(_outputStart, pending).CopyTo(larger);
            Owner.ReturnBuffer(_output);
            _output = larger;
        }

        _outputStart = 0;
        _outputEnd = pending;
    }

    private void DropOutput()
    {
        if (_output.Length > 0) Owner.ReturnBuffer(_output);
        _output = [];
        _outputStart = _outputEnd = 0;
    }
}
