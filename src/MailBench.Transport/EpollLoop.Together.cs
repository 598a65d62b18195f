using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MailBench.Transport.Linux;

namespace MailBench.Transport;

/// <summary>Receives and sends of a turn that enter the kernel together, where there is a <see cref="CallRing"/> and enough of them; connections notice nothing.</summary>
internal sealed unsafe partial class EpollLoop
{
    /// <summary>Receives together at most: what they bring waits in as many places, and should still be in the processor's cache when its turn comes.</summary>
    private const int Landings = 16;
    private const int LandingBytes = 64 << 10;
    private const int MaxSpareBuffers = 256;

    private readonly CallRing? _ring;
    private readonly byte* _landings = (byte*)NativeMemory.Alloc(Landings * LandingBytes);
    private readonly EpollConnection?[] _receiving = new EpollConnection?[Landings];
    private readonly int[] _landingOf = new int[Landings];
    private readonly List<EpollConnection> _sending = [];
    private readonly int[] _results = new int[CallRing.Capacity];

    /// <summary>Spare memory for output, the last used on top, since it is still in the processor's cache. It is never moved, as calls together need it.</summary>
    private readonly Stack<byte[]> _buffers = new();

    internal override byte[] RentBuffer() => _buffers.TryPop(out var buffer) ? buffer : GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);

    internal override void ReturnBuffer(byte[] buffer)
    {
        // The pool's arrays are larger; what is too many is left to the garbage collector.
        if (buffer.Length != BufferBytes) base.ReturnBuffer(buffer);
        else if (_buffers.Count < MaxSpareBuffers) _buffers.Push(buffer);
    }

    protected override void Flush(List<LoopConnection> connections)
    {
        if (_ring is null || connections.Count < CallRing.Worthwhile)
        {
            base.Flush(connections);
            return;
        }

        foreach (var flushed in connections)
        {
            var connection = (EpollConnection)flushed;
            if (!connection.BeginFlush()) continue;
            if (connection.TryGatherSend(_ring)) _sending.Add(connection);
            else connection.Flush();
            if (_sending.Count == CallRing.Capacity) SendTogether(_ring);
        }

        if (_sending.Count > 0) SendTogether(_ring);
    }

    private void SendTogether(CallRing ring)
    {
        ring.Perform(_results);
        for (var i = 0; i < _sending.Count; i++) _sending[i].Sent(_results[i]);
        _sending.Clear();
    }

    /// <summary>Receives for those of the events that are about nothing but input; false when there are too few. Then <see cref="Land"/> hands it over.</summary>
    private bool ReceiveTogether(int from, int to)
    {
        if (_ring is null || to - from < CallRing.Worthwhile) return false;
        for (var i = from; i < to; i++)
        {
            var (descriptor, events) = EventAt(i);
            var connection = events == Native.EPOLLIN ? TargetOf(descriptor) as EpollConnection : null;
            if (connection is { MayReceive: true })
            {
                _landingOf[i - from] = _ring.Count;
                connection.GatherReceive(_ring, _landings + (_ring.Count * LandingBytes), LandingBytes);
            }
            else
            {
                connection = null;
            }

            _receiving[i - from] = connection;
        }

        if (_ring.Count < CallRing.Worthwhile)
        {
            _ring.Drop();
            return false;
        }

        _ring.Perform(_results);
        return true;
    }

    private void Land(EpollConnection connection, int at)
    {
        _receiving[at] = null;
        var landing = _landingOf[at];
        connection.Received(new ReadOnlySpan<byte>(_landings + (landing * LandingBytes), LandingBytes), _results[landing]);
    }

    private void ReleaseRing()
    {
        _ring?.Dispose();
        NativeMemory.Free(_landings);
    }
}
