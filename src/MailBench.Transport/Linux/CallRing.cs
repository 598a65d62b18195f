using System.Runtime.InteropServices;

namespace MailBench.Transport.Linux;

/// <summary>
/// Sends and receives that enter the kernel together (io_uring): each is performed at once or not at all, as with MSG_DONTWAIT, and <see cref="Perform"/> returns when all are done. Where entering the
/// kernel is dear, as on virtual machines, four or more together cost about half of what they cost one by one. One thread's; there may be none (<see cref="TryOpen"/>).
/// </summary>
internal sealed unsafe partial class CallRing : IDisposable
{
    /// <summary>Calls that may be gathered.</summary>
    public const int Capacity = 64;

    /// <summary>Fewer calls than these are not worth a ring: its own entry costs as much as theirs.</summary>
    public const int Worthwhile = 3;

    private const int SetupCall = 425, EnterCall = 426;
    private const int OpSend = 26, OpReceive = 27, CallBytes = 64, ResultBytes = 16;
    private const uint GetEvents = 1, SingleMap = 1u << 0, FastPoll = 1u << 5;
    private const nint CallsAt = 0x10000000;
    private const int MSG_DONTWAIT = 0x40;

    /// <summary>In struct io_uring_params, in words: where the offsets of both queues begin.</summary>
    private const int ParameterWords = 30, SubmissionWords = 10, CompletionWords = 20;

    private readonly int _descriptor;
    private readonly byte* _rings;
    private readonly nuint _ringBytes;
    private readonly byte* _calls;
    private readonly nuint _callBytes;
    private readonly uint* _head, _tail, _resultHead, _resultTail;
    private readonly byte* _results;
    private readonly uint _mask, _resultMask;

    private CallRing(int descriptor, uint* parameters)
    {
        _descriptor = descriptor;
        var submission = parameters + SubmissionWords;
        var completion = parameters + CompletionWords;
        _ringBytes = Math.Max(submission[6] + (parameters[0] * sizeof(uint)), completion[5] + (parameters[1] * ResultBytes));
        _callBytes = parameters[0] * CallBytes;
        _rings = Map(descriptor, _ringBytes, 0);
        _calls = Map(descriptor, _callBytes, CallsAt);
        _head = (uint*)(_rings + submission[0]);
        _tail = (uint*)(_rings + submission[1]);
        _mask = *(uint*)(_rings + submission[2]);
        _resultHead = (uint*)(_rings + completion[0]);
        _resultTail = (uint*)(_rings + completion[1]);
        _resultMask = *(uint*)(_rings + completion[2]);
        _results = _rings + completion[5];

        // The n-th place of the queue always means the n-th call.
        var places = (uint*)(_rings + submission[6]);
        for (var i = 0u; i < parameters[0]; i++) places[i] = i;
    }

    /// <summary>Calls gathered since the last <see cref="Perform"/>; the number of the next.</summary>
    public int Count { get; private set; }

    /// <summary>
    /// Null where the system has no such ring (before Linux 5.7) or does not let this process have one, and in a process that is being traced: a trace shows system calls, and is there to show the order
    /// of syncs and replies.
    /// </summary>
    public static CallRing? TryOpen()
    {
        if (RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64) || IsTraced()) return null;
        var parameters = stackalloc uint[ParameterWords];
        new Span<uint>(parameters, ParameterWords).Clear();
        var descriptor = (int)syscall(SetupCall, Capacity, (nint)parameters, 0, 0, 0, 0);
        if (descriptor < 0) return null;
        const uint Needed = SingleMap | FastPoll;
        if ((parameters[5] & Needed) == Needed)
        {
            try
            {
                return new CallRing(descriptor, parameters);
            }
            catch (OutOfMemoryException)
            {
                // The limit of locked memory, on older kernels: then it goes without.
            }
        }

        _ = Native.close(descriptor);
        return null;
    }

    /// <summary>The octets must stay where they are until <see cref="Perform"/> has returned.</summary>
    public void Send(int descriptor, byte* octets, int length) => Add(OpSend, descriptor, octets, length);

    /// <inheritdoc cref="Send"/>
    public void Receive(int descriptor, byte* octets, int length) => Add(OpReceive, descriptor, octets, length);

    /// <summary>Forgets what is gathered.</summary>
    public void Drop()
    {
        Volatile.Write(ref *_tail, Volatile.Read(ref *_head));
        Count = 0;
    }

    /// <summary>Performs what is gathered; <paramref name="results"/> gets octets, or a negative error number, in the order of gathering.</summary>
    public void Perform(Span<int> results)
    {
        results = results[..Count];
        results.Fill(-Errno.EAGAIN);
        var open = results.Length;
        while (open > 0)
        {
            var left = Volatile.Read(ref *_tail) - Volatile.Read(ref *_head);
            var entered = syscall(EnterCall, _descriptor, (nint)left, open, (nint)GetEvents, 0, 0);
            var error = entered < 0 ? Marshal.GetLastPInvokeError() : 0;
            open -= Take(results);
            // Out of memory, say. What the kernel did not take counts as not possible at present; what it took has been waited for.
            if (error == 0 || error == Errno.EINTR || open == 0) continue;
            open -= (int)(Volatile.Read(ref *_tail) - Volatile.Read(ref *_head));
            Drop();
        }

        Count = 0;
    }

    public void Dispose()
    {
        _ = munmap(_calls, _callBytes);
        _ = munmap(_rings, _ringBytes);
        _ = Native.close(_descriptor);
    }

    private void Add(byte operation, int descriptor, byte* octets, int length)
    {
        var tail = *_tail;
        var call = _calls + ((tail & _mask) * CallBytes);
        new Span<byte>(call, CallBytes).Clear();
        call[0] = operation;
        *(int*)(call + 4) = descriptor;
        *(ulong*)(call + 16) = (ulong)octets;
        *(int*)(call + 24) = length;
        *(int*)(call + 28) = MSG_DONTWAIT | Native.MSG_NOSIGNAL;
        *(ulong*)(call + 32) = (ulong)Count;
        Volatile.Write(ref *_tail, tail + 1);
        Count++;
    }

    private int Take(Span<int> results)
    {
        var taken = 0;
        var head = *_resultHead;
        for (; head != Volatile.Read(ref *_resultTail); head++, taken++)
        {
            var result = _results + ((head & _resultMask) * ResultBytes);
            results[(int)*(ulong*)result] = *(int*)(result + 8);
        }

        Volatile.Write(ref *_resultHead, head);
        return taken;
    }

    /// <summary>proc(5): the status names the process that traces this one, or 0.</summary>
    private static bool IsTraced()
    {
        const string Tracer = "TracerPid:";
        try
        {
            return File.ReadLines("/proc/self/status").Any(line => line.StartsWith(Tracer, StringComparison.Ordinal) && line.AsSpan(Tracer.Length).Trim() is not "0");
        }
        catch (IOException)
        {
            // Without /proc nobody says so.
            return false;
        }
    }

    private static byte* Map(int descriptor, nuint bytes, nint offset)
    {
        const int ReadWrite = 3, SharedPopulated = 0x8001;
        var map = mmap(null, bytes, ReadWrite, SharedPopulated, descriptor, offset);
        return map != (byte*)-1 ? map : throw new OutOfMemoryException("A ring of calls cannot be mapped.");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint a, nint b, nint c, nint d, nint e, nint f);

    [LibraryImport("libc", SetLastError = true)]
    private static partial byte* mmap(void* at, nuint bytes, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(void* at, nuint bytes);
}
