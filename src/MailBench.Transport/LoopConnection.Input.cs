using System.Buffers;

namespace MailBench.Transport;

internal abstract partial class LoopConnection
{
    private const int FirstInputBytes = 4 << 10;

    private byte[] _input = [];
    private int _inputStart;
    private int _inputEnd;
    private bool _paused;
    private bool _inputEnded;
    private bool _lastReceived;
    private bool _presenting;
    private bool _presentAsked;
    private bool _held;
    private long _octetsIn;

    public override long OctetsIn => Volatile.Read(ref _octetsIn);

    protected bool IsPaused => _paused;

    /// <summary>The peer's FIN was received; what came before it may still wait for the handler.</summary>
    protected bool HasInputEnded => _inputEnded || _lastReceived;

    /// <summary>Something was left unconsumed: what comes next goes behind it.</summary>
    protected bool HasInputLeft => _inputStart != _inputEnd;

    public override void PauseReading()
    {
        if (!_draining) _paused = true;
    }

    public override void ResumeReading()
    {
        if (!_paused || _closing) return;
        Unpause();
    }

    /// <summary>The turn of a connection that yields, for input that is here already.</summary>
    internal void PerformHeld()
    {
        _held = false;
        if (_presentAsked && !_closing) PresentAgain();
        TakeReceived();
    }

    /// <summary>Has what is here already handled when those that yield have their turn.</summary>
    protected void Hold()
    {
        if (_held) return;
        _held = true;
        loop.Hold(this);
    }

    /// <summary>Handles a receive that was completed while others went first, if there is one.</summary>
    protected virtual void TakeReceived() { }

    /// <summary>Reading was paused and is wanted again.</summary>
    protected abstract void ReadingResumed();

    /// <summary>Where the next octets go: behind what is left unconsumed, or into <paramref name="scratch"/> when nothing is.</summary>
    protected Memory<byte> InputSpace(byte[] scratch)
    {
        return _inputStart == _inputEnd || _tls is not null ? scratch : KeptSpace();
    }

    /// <summary>Room behind what is left unconsumed.</summary>
    private Memory<byte> KeptSpace()
    {
        var left = _inputEnd - _inputStart;
        if (_input.Length - _inputEnd < FirstInputBytes)
        {
            if (_input.Length - left >= Math.Max(FirstInputBytes, left))
                _input.AsSpan(_inputStart, left).CopyTo(_input);
            else
                KeepInput(_input.AsSpan(_inputStart, left), Math.Min(left * 2 + FirstInputBytes, InputLimitBytes + FirstInputBytes));
            _inputStart = 0;
            _inputEnd = left;
        }

        return _input.AsMemory(_inputEnd, Math.Min(_input.Length - _inputEnd, Math.Max(InputLimitBytes - left, 1)));
    }

    /// <summary><paramref name="count"/> octets have been written to what <see cref="InputSpace"/> gave: presents them.</summary>
    protected void Arrived(byte[] scratch, int count)
    {
        if (_inputStart == _inputEnd || _tls is not null)
        {
            Arrived(scratch.AsSpan(0, count));
            return;
        }

        Volatile.Write(ref _octetsIn, _octetsIn + count);
        _inputEnd += count;
        PresentInput();
    }

    /// <summary>Octets have arrived, maybe after reading was paused (an asynchronous receive cannot be taken back): presents or keeps them.</summary>
    protected void Arrived(ReadOnlySpan<byte> octets)
    {
        Volatile.Write(ref _octetsIn, _octetsIn + octets.Length);
        if (_tls is null) Accept(octets);
        else if (!_closing && !_draining) _tls.Feed(octets);
    }

    private void Accept(ReadOnlySpan<byte> octets)
    {
        var secured = _tls is not null;
        while (!octets.IsEmpty && !_closing && !_draining)
        {
            if (_inputStart == _inputEnd)
            {
                octets = octets[(_paused ? 0 : Present(octets))..];
                if (octets.IsEmpty || _closing || _draining) return;
                if (!secured && _tls is not null)
                {
                    FeedRest(octets);
                    return;
                }

                KeepInput(octets, octets.Length);
                _inputStart = 0;
                _inputEnd = octets.Length;
                return;
            }

            var space = KeptSpace().Span;
            var step = Math.Min(space.Length, octets.Length);
            octets[..step].CopyTo(space);
            octets = octets[step..];
            _inputEnd += step;
            if (!_paused) PresentInput();
            if (secured || _tls is null) continue;
            FeedRest(octets);
            return;
        }
    }

    /// <summary>The peer's FIN.</summary>
    protected void InputEnded()
    {
        _lastReceived = true;
        if (_tls is not null && !_inputEnded && !_draining && !_closing && !_sendBroken) _tls.FeedEnd();
        else InputOver();
    }

    private void InputOver()
    {
        // TLS says the end by itself, and then comes the FIN.
        if (_inputEnded && _tls is not null && !_draining) return;
        _inputEnded = true;
        if (_sendBroken)
        {
            // The failed send has taken the socket's error with it: what reads as an end here was a reset.
            Close(_brokenReason, reset: true);
            return;
        }

        if (_draining)
        {
            if (_finSent) CloseBothEnded();
            return;
        }

        if (_finSent)
        {
            _endedByPeer = true;
            CloseBothEnded();
            return;
        }

        try
        {
            Handler!.OnInputEnded(this);
        }
        catch (Exception escaped)
        {
            Fail(escaped);
        }
    }

    private void CloseBothEnded() => Close(new CloseReason(_endedByPeer ? CloseKind.ClosedByPeer : CloseKind.ClosedByUs, null), reset: false);

    private void Unpause()
    {
        _paused = false;
        if (_inputStart < _inputEnd || _tls is not null)
        {
            _presentAsked = true;
            if (Yields) Hold();
            else AskAttention();
        }

        ReadingResumed();
    }

    private void PresentAgain()
    {
        _presentAsked = false;
        if (!_paused && _inputStart < _inputEnd) PresentInput();
        _tls?.Pump();
    }

    private void PresentInput()
    {
        var secured = _tls is not null;
        _inputStart += Present(_input.AsSpan(_inputStart, _inputEnd - _inputStart));
        if (_inputStart >= _inputEnd)
        {
            DropInput();
        }
        else if (!secured && _tls is not null)
        {
            FeedRest(_input.AsSpan(_inputStart, _inputEnd - _inputStart));
            DropInput();
        }
        else if (_inputEnd - _inputStart >= InputLimitBytes && !_paused && !_closing)
        {
            Close(new CloseReason(CloseKind.InputOverflow, $"{InputLimitBytes} octets without an end"), reset: true);
        }
    }

    private int Present(ReadOnlySpan<byte> octets)
    {
        if (_draining || _closing) return octets.Length;
        _presenting = true;
        try
        {
            var consumed = Handler!.OnReceived(this, octets);
            if ((uint)consumed > (uint)octets.Length)
                throw new InvalidOperationException($"The handler consumed {consumed} of {octets.Length} octets.");
            return consumed;
        }
        catch (Exception escaped)
        {
            Fail(escaped);
            return octets.Length;
        }
        finally
        {
            _presenting = false;
        }
    }

    private void KeepInput(ReadOnlySpan<byte> rest, int capacity)
    {
        var kept = ArrayPool<byte>.Shared.Rent(Math.Max(capacity, FirstInputBytes));
        rest.CopyTo(kept);
        if (_input.Length > 0) ArrayPool<byte>.Shared.Return(_input);
        _input = kept;
    }

    private void DropInput()
    {
        if (_input.Length > 0) ArrayPool<byte>.Shared.Return(_input);
        _input = [];
        _inputStart = _inputEnd = 0;
    }
}
