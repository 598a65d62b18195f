using System.Buffers;
using System.Threading.Tasks.Sources;

namespace MailBench.Transport.Tls;

/// <summary>
/// The stream beneath an <see cref="System.Net.Security.SslStream"/>: reads take what the loop has received, writes leave what the loop shall send. While <see cref="Inline"/> is false (the handshake) reads
/// go on elsewhere than on the loop; afterwards everything happens inside the loop's own call. Nothing here waits.
/// </summary>
internal sealed class TlsDuplex(Action<ReadOnlySpan<byte>> write) : Stream, IValueTaskSource<int>
{
    private const string NoPlace = "A connection has neither length nor place.";

    private readonly Lock _gate = new();
    private ManualResetValueTaskSourceCore<int> _waiter = new() { RunContinuationsAsynchronously = true };
    private byte[] _held = [];
    private int _start;
    private int _end;
    private Memory<byte> _target;
    private bool _waits;
    private bool _ended;

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new InvalidOperationException(NoPlace);

    public override long Position
    {
        get => throw new InvalidOperationException(NoPlace);
        set => throw new InvalidOperationException(NoPlace);
    }

    /// <summary>A read that waits goes on inside <see cref="Feed"/>. Set when nothing waits.</summary>
    public bool Inline
    {
        set => _waiter.RunContinuationsAsynchronously = !value;
    }

    /// <summary>Octets received and not yet read.</summary>
    public int HeldBytes
    {
        get
        {
            lock (_gate) return _end - _start;
        }
    }

    /// <summary>More octets from the peer.</summary>
    public void Feed(ReadOnlySpan<byte> octets)
    {
        int count;
        lock (_gate)
        {
            Hold(octets);
            if (!_waits) return;
            _waits = false;
            count = Take(_target.Span);
            _target = default;
        }

        _waiter.SetResult(count);
    }

    /// <summary>Nothing more comes: reads give what is left, then 0.</summary>
    public void End()
    {
        lock (_gate)
        {
            _ended = true;
            if (!_waits) return;
            _waits = false;
            _target = default;
        }

        _waiter.SetResult(0);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            // A read of nothing asks to be told when there is something.
            if (_start < _end || _ended) return new ValueTask<int>(Take(buffer.Span));
            _waiter.Reset();
            _waits = true;
            _target = buffer;
            return new ValueTask<int>(this, _waiter.Version);
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new InvalidOperationException("A loop does not wait.");

    public override void Write(byte[] buffer, int offset, int count) => write(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => throw new InvalidOperationException(NoPlace);

    public override void SetLength(long value) => throw new InvalidOperationException(NoPlace);

    public int GetResult(short token) => _waiter.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _waiter.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _waiter.OnCompleted(continuation, state, token, flags);

    private void Hold(ReadOnlySpan<byte> octets)
    {
        if (_held.Length - _end < octets.Length)
        {
            var left = _end - _start;
            var larger = ArrayPool<byte>.Shared.Rent(left + octets.Length);
            _held.AsSpan(_start, left).CopyTo(larger);
            GiveBack();
            (_held, _start, _end) = (larger, 0, left);
        }

        octets.CopyTo(_held.AsSpan(_end));
        _end += octets.Length;
    }

    private int Take(Span<byte> target)
    {
        var count = Math.Min(target.Length, _end - _start);
        _held.AsSpan(_start, count).CopyTo(target);
        _start += count;
        if (_start == _end) GiveBack();
        return count;
    }

    private void GiveBack()
    {
        if (_held.Length > 0) ArrayPool<byte>.Shared.Return(_held);
        _held = [];
        _start = _end = 0;
    }
}
