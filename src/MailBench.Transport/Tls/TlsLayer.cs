using System.Buffers;
using System.Net.Security;
using MailBench.Model.Units;

namespace MailBench.Transport.Tls;

/// <summary>
/// TLS between a connection's octets and its handler. The handshake runs on the thread pool (a signature takes as long as a hundred messages, and a client's validation may look things up); from then
/// on records are opened and sealed on the loop, inside the calls that bring and flush them. On the loop only, but for the handshake.
/// </summary>
internal sealed class TlsLayer
{
    /// <summary>What a peer may send before the handshake has ended.</summary>
    private const int MaxHeldBytes = 256 << 10;

    /// <summary>A record's content at most (RFC 8446 §5.1): what one read gives.</summary>
    private const int RecordBytes = 16 << 10;

    [ThreadStatic] private static byte[]? s_opened;

    private readonly LoopConnection _connection;
    private readonly LoopThread _loop;
    private readonly TlsParty _party;
    private readonly TlsDuplex _duplex;
    private readonly SslStream _stream;
    private readonly HeapTimer _patience;
    private readonly Action _readOn;
    private ValueTask<int> _reading;
    private bool _isReading;
    private bool _looksFirst = true;
    private bool _pumping;
    private bool _ended;
    private bool _notified;
    private bool _closed;
    private bool _handshakeOver;
    private byte[] _plain = [];
    private int _plainEnd;

    public TlsLayer(LoopConnection connection, LoopThread loop, TlsParty party)
    {
        (_connection, _loop, _party) = (connection, loop, party);
        _duplex = new TlsDuplex(Write);
        _stream = new SslStream(_duplex, leaveInnerStreamOpen: false);
        _readOn = ReadOn;
        _patience = new HeapTimer(loop, static layer => ((TlsLayer)layer!).PatienceOver(), this);
    }

    /// <summary>The handshake has succeeded.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Output that waits to be sealed.</summary>
    public int PlainBytes => _plainEnd;

    public void Begin()
    {
        _patience.Arm(_loop.TurnNs + _party.HandshakeTimeout.ToNs());
        _ = Task.Run(HandshakeAsync);
    }

    /// <summary>Octets from the peer.</summary>
    public void Feed(ReadOnlySpan<byte> octets)
    {
        if (_closed || _ended) return;
        if (!IsOpen && _duplex.HeldBytes + octets.Length > MaxHeldBytes)
        {
            _connection.TlsFailed($"the peer sent more than {MaxHeldBytes} octets before the handshake had ended");
            return;
        }

        _duplex.Feed(octets);
        Pump();
    }

    /// <summary>The peer's FIN.</summary>
    public void FeedEnd()
    {
        _duplex.End();
        Pump();
    }

    /// <summary>Opens what has come, as long as the handler takes it.</summary>
    public void Pump()
    {
        if (!IsOpen || _pumping) return;
        _pumping = true;
        try
        {
            while (!_isReading && !_ended && !_closed && _connection.TakesOpened)
            {
                // A read of nothing first: who has nothing to open holds no buffer while it waits.
                _reading = _stream.ReadAsync(_looksFirst ? default : s_opened ??= new byte[RecordBytes]);
                _isReading = true;
                if (_reading.IsCompleted) TakeRead();
                else _reading.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_readOn);
            }
        }
        finally
        {
            _pumping = false;
        }
    }

    /// <summary>Room for output of the handler, in the clear until <see cref="Seal"/>.</summary>
    public Memory<byte> GetMemory(int least)
    {
        if (_plain.Length - _plainEnd < least)
        {
            var larger = _plain.Length == 0 && least <= LoopThread.BufferBytes
                ? _loop.RentBuffer() : ArrayPool<byte>.Shared.Rent(Math.Max(_plainEnd + least, Math.Min(_plain.Length * 2, 1 << 20)));
            _plain.AsSpan(0, _plainEnd).CopyTo(larger);
            DropPlain(ref _plain);
            _plain = larger;
        }

        return _plain.AsMemory(_plainEnd);
    }

    public void Advance(int count) => _plainEnd += count;

    /// <summary>Seals what the handler has written, and says behind it that no more comes where that is so: the connection's flush sends it.</summary>
    public void Seal(bool last)
    {
        if (!IsOpen || _closed) return;
        try
        {
            if (_plainEnd > 0)
            {
                var sealing = _stream.WriteAsync(_plain.AsMemory(0, _plainEnd));
                _plainEnd = 0;
                Expect(sealing.IsCompleted);
                sealing.GetAwaiter().GetResult();
                DropPlain(ref _plain);
            }

            if (!last || _notified) return;
            _notified = true;
            var notifying = _stream.ShutdownAsync();
            Expect(notifying.IsCompleted);
            notifying.GetAwaiter().GetResult();
        }
        catch (Exception failed)
        {
            _connection.TlsFailed(failed.Message);
        }
    }

    /// <summary>The connection has ended. A handshake that is under way finds that out, and lets go of the stream itself.</summary>
    public void Close()
    {
        if (_closed) return;
        _closed = true;
        _patience.Disarm();
        _plainEnd = 0;
        DropPlain(ref _plain);
        _duplex.End();
        if (_handshakeOver) _stream.Dispose();
    }

    private async Task HandshakeAsync()
    {
        string? trouble = null;
        try
        {
            await _party.AuthenticateAsync(_stream).ConfigureAwait(false);
        }
        catch (Exception failed)
        {
            // What the platform says of a peer that speaks no TLS, is not trusted or went away: a reason for the handler, whatever its type.
            trouble = failed.InnerException is { } inner ? $"{failed.Message} {inner.Message}" : failed.Message;
        }

        _loop.Post(static ended =>
        {
            var (layer, trouble) = ((TlsLayer, string?))ended!;
            layer.HandshakeEnded(trouble);
        }, (this, trouble));
    }

    private void HandshakeEnded(string? trouble)
    {
        _patience.Disarm();
        _handshakeOver = true;
        if (_closed)
        {
            _stream.Dispose();
            return;
        }

        if (trouble is not null)
        {
            _connection.TlsFailed(trouble);
            return;
        }

        _duplex.Inline = true;
        IsOpen = true;
        _connection.Secured();
        Pump();
    }

    private void PatienceOver() => _connection.TlsFailed($"the handshake did not end within {_party.HandshakeTimeout.TotalSeconds:0.#} s");

    /// <summary>A read that had to wait has ended, inside the call that fed it.</summary>
    private void ReadOn()
    {
        TakeRead();
        Pump();
    }

    private void TakeRead()
    {
        _isReading = false;
        var reading = _reading;
        _reading = default;
        try
        {
            var count = reading.GetAwaiter().GetResult();
            if (_closed) return;
            if (_looksFirst)
            {
                _looksFirst = false;
            }
            else if (count == 0)
            {
                _ended = true;
                _connection.OpenedEnd();
            }
            else
            {
                _looksFirst = true;
                _connection.Opened(s_opened.AsSpan(0, count));
            }
        }
        catch (Exception failed)
        {
            // A record that cannot be opened was not written by the peer. Whatever type the platform says it with, it must not end the loop.
            if (!_closed) _connection.TlsFailed(failed.Message);
        }
    }

    /// <summary>From the stream: on the loop when open, else from the pool, and then by way of a post, in order.</summary>
    private void Write(ReadOnlySpan<byte> octets)
    {
        if (_loop.IsCurrent)
        {
            _connection.SendSealed(octets);
            return;
        }

        _loop.Post(static sent =>
        {
            var (connection, octets) = ((LoopConnection, byte[]))sent!;
            connection.SendSealed(octets);
        }, (_connection, octets.ToArray()));
    }

    private static void Expect(bool completed)
    {
        if (!completed) throw new InvalidOperationException("TLS waited on the loop.");
    }

    private void DropPlain(ref byte[] buffer)
    {
        if (buffer.Length > 0) _loop.ReturnBuffer(buffer);
        buffer = [];
    }
}
