using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace MailBench.Peers.Dns;

/// <summary>
/// Datagrams that enter the kernel together on Linux (recvmmsg(2), sendmmsg(2)): one call takes what has arrived, one gives back the answers, each to whom its question came from.
/// One thread's; nothing is allocated per datagram.
/// </summary>
internal sealed unsafe partial class DatagramBatch : IDisposable
{
    /// <summary>Questions taken at once.</summary>
    public const int Capacity = 32;

    /// <summary>What our EDNS option says we take, and the most that we send.</summary>
    public const int MaxDatagramBytes = 4096;

    /// <summary>Answers lie one behind the other, each from a line of the cache on, so that short ones stay in it; there is always room for one of the largest.</summary>
    private const int OutputBytes = (Capacity + 1) * MaxDatagramBytes;
    private const int CacheLine = 64;

    /// <summary>Not a power of two: first octets at multiples of 4096 would share one set of the processor's cache.</summary>
    private const int InputStride = MaxDatagramBytes + CacheLine;
    private const int AddressBytes = 28;
    private const int WaitForOne = 0x10000, NoSignal = 0x4000;

    private readonly byte* _memory;
    private readonly Header* _received;
    private readonly Header* _answers;
    private readonly Vector* _vectors;
    private readonly byte* _addresses;
    private readonly byte* _input;
    private readonly byte* _output;
    private readonly SafeHandle _socket;
    private readonly int _descriptor;
    private int _answerCount;
    private int _outputAt;

    /// <param name="socket">A socket that blocks; held open until <see cref="Dispose"/>.</param>
    public DatagramBatch(SafeHandle socket)
    {
        var held = false;
        socket.DangerousAddRef(ref held);
        _socket = socket;
        _descriptor = (int)socket.DangerousGetHandle();
        const int Headers = 2 * Capacity;
        nuint bytes = (nuint)((Headers * sizeof(Header)) + (Headers * sizeof(Vector)) + (Capacity * CacheLine) + (Capacity * InputStride) + OutputBytes);
        _memory = (byte*)NativeMemory.AlignedAlloc(bytes, CacheLine);
        NativeMemory.Clear(_memory, bytes);
        _received = (Header*)_memory;
        _answers = _received + Capacity;
        _vectors = (Vector*)(_answers + Capacity);
        _addresses = (byte*)(_vectors + Headers);
        _input = _addresses + (Capacity * CacheLine);
        _output = _input + (Capacity * InputStride);
        for (var i = 0; i < Capacity; i++)
        {
            _vectors[i] = new Vector { Octets = _input + (i * InputStride), Length = MaxDatagramBytes };
            _received[i].Message = new Message { Name = _addresses + (i * CacheLine), Vectors = _vectors + i, VectorCount = 1 };
            _answers[i].Message = new Message { Vectors = _vectors + Capacity + i, VectorCount = 1 };
        }
    }

    /// <summary>Waits for a datagram and takes what else is there; 0 when the socket's time-out passed or an ICMP error of an earlier answer came instead. Octets beyond <see cref="MaxDatagramBytes"/> are cut off.</summary>
    public int Receive()
    {
        for (var i = 0; i < Capacity; i++) _received[i].Message.NameLength = AddressBytes;
        _answerCount = 0;
        _outputAt = 0;
        return Math.Max(0, recvmmsg(_descriptor, _received, Capacity, WaitForOne, null));
    }

    /// <summary>Datagram <paramref name="at"/> of those received.</summary>
    public ReadOnlySpan<byte> Received(int at) => new(_input + (at * InputStride), (int)_received[at].Length);

    /// <summary>Whom it came from, as a copy.</summary>
    public SocketAddress SenderOf(int at)
    {
        var length = (int)_received[at].Message.NameLength;
        var octets = new ReadOnlySpan<byte>(_addresses + (at * CacheLine), length);
        var copy = new SocketAddress(length == AddressBytes ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, length);
        octets.CopyTo(copy.Buffer.Span);
        return copy;
    }

    /// <summary>Where the next answer is to be written: <see cref="MaxDatagramBytes"/>.</summary>
    public Span<byte> NextAnswer => new(_output + _outputAt, MaxDatagramBytes);

    /// <summary>The octets written to <see cref="NextAnswer"/> answer datagram <paramref name="at"/>; it must not change before <see cref="Send"/>.</summary>
    public void Answer(int at, int length)
    {
        _vectors[Capacity + _answerCount] = new Vector { Octets = _output + _outputAt, Length = (nuint)length };
        ref var message = ref _answers[_answerCount++].Message;
        message.Name = _received[at].Message.Name;
        message.NameLength = _received[at].Message.NameLength;
        _outputAt += (length + CacheLine - 1) / CacheLine * CacheLine;
    }

    /// <summary>Sends the answers; one that the system does not take is lost, as datagrams are: the client asks again.</summary>
    public void Send()
    {
        for (var done = 0; done < _answerCount;)
        {
            var sent = sendmmsg(_descriptor, _answers + done, (uint)(_answerCount - done), NoSignal);
            done += Math.Max(1, sent);
        }
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _socket.DangerousRelease();
    }

#pragma warning disable IDE1006, SYSLIB1054 // Reason: the names of the C library.
    [LibraryImport("libc")]
    private static partial int recvmmsg(int descriptor, Header* messages, uint count, int flags, void* timeout);

    [LibraryImport("libc")]
    private static partial int sendmmsg(int descriptor, Header* messages, uint count, int flags);
#pragma warning restore IDE1006, SYSLIB1054

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Vector
    {
        public byte* Octets;
        public nuint Length;
    }

    /// <summary>struct msghdr of glibc and musl on 64 bits, little-endian.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Message
    {
        public byte* Name;
        public uint NameLength;
        public Vector* Vectors;
        public nuint VectorCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }

    /// <summary>struct mmsghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Header
    {
        public Message Message;
        public uint Length;
    }
}
