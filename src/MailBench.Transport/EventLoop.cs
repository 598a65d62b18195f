using System.Net;
using MailBench.Transport.Tls;

namespace MailBench.Transport;

/// <summary>
/// One thread that owns sockets and timers. All callbacks of its connections, listeners, timers and posts run on that thread, so what belongs to a loop
/// needs no locks. Shaped for completions: a handler is given octets and answers by sending; it never reads or waits.
/// </summary>
public abstract class EventLoop : IDisposable
{
    /// <summary>Starts the loop's thread; Linux gets the epoll loop, other systems (or <see cref="EventLoopOptions.Portable"/>) the portable one.</summary>
    public static EventLoop Start(EventLoopOptions options) =>
        options.Portable || !OperatingSystem.IsLinux() ? SocketLoop.Start(options) : EpollLoop.Start(options);

    /// <summary>CLOCK_MONOTONIC ns, read once per turn of the loop: the stamp of everything that this turn handles.</summary>
    public abstract long TurnNs { get; }

    /// <summary>True on the loop's own thread.</summary>
    public abstract bool IsCurrent { get; }

    /// <summary>Runs <paramref name="callback"/> on the loop, in order of posting. From any thread; never blocks. Posts after disposal are dropped.</summary>
    public abstract void Post(Action<object?> callback, object? state);

    /// <summary>
    /// Runs <paramref name="work"/> on the loop and gives its result or its exception to the awaiter, who goes on elsewhere than on the loop. From any thread; on the loop itself never block
    /// on the task. Like a post, it never runs (and the task never ends) once the loop is disposed.
    /// </summary>
    public Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(_ =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception failed)
            {
                done.SetException(failed);
            }
        }, null);
        return done.Task;
    }

    /// <inheritdoc cref="RunAsync{T}(Func{T})"/>
    public Task RunAsync(Action work) => RunAsync(() =>
    {
        work();
        return true;
    });

    /// <summary>
    /// Listens; port 0 picks one. <paramref name="accept"/> gives each connection its handler, or null to close it at once. On the loop or from any thread.
    /// Throws <see cref="System.Net.Sockets.SocketException"/> when the address cannot be bound.
    /// </summary>
    public abstract Listener Listen(IPEndPoint endPoint, Func<Connection, IConnectionHandler?> accept, SocketOptions? options = null);

    /// <summary>Dials; the handler hears <see cref="IConnectionHandler.OnConnected"/> or <see cref="IConnectionHandler.OnClosed"/>, exactly one of them first. On the loop only.</summary>
    public abstract Connection Dial(IPEndPoint endPoint, IConnectionHandler handler, TimeSpan timeout, SocketOptions? options = null);

    /// <summary>A one-shot timer, not armed; on the loop only.</summary>
    public abstract LoopTimer CreateTimer(Action<object?> callback, object? state);

    /// <summary>Raised on the loop after the events of a turn, before output is flushed and the loop waits: for what is gathered per turn.</summary>
    public event Action? TurnEnding;

    /// <summary>An exception that a callback let escape: the loop has aborted that connection and goes on. Raised on the loop.</summary>
    public event Action<Exception>? HandlerFailed;

    /// <summary>
    /// How long a turn may serve input of connections that yield (<see cref="Connection.Yields"/>), in ns; at least one is served. What is left waits for the next turn, before which the
    /// events of all others have their turn. Short slices give others a short wait and cost a system call each. On the loop only.
    /// </summary>
    public long YieldSliceNs { get; set; } = 200_000;

    /// <summary>
    /// Share of the wall clock's time that input of connections that yield may take, above 0 and at most 1 (no limit). Beyond it they wait although the loop may be idle, so that
    /// others, and other processes, get on. On the loop only.
    /// </summary>
    public abstract double YieldShare { get; set; }

    /// <summary>
    /// CPU time that the loop wastes after each turn, as a share of what the turn took, from 0 (nothing) to 1: as if this program needed so much more for the same work. It shows whether a figure
    /// depends on that. On the loop only.
    /// </summary>
    public abstract double Burden { get; set; }

    /// <summary>CPU time of the loop's thread so far, in ns (0 where the system does not tell).</summary>
    public abstract long ThreadCpuNs { get; }

    /// <summary>Closes everything and joins the thread. Not from the loop itself.</summary>
    public abstract void Dispose();

    protected void RaiseTurnEnding() => TurnEnding?.Invoke();

    protected void RaiseHandlerFailed(Exception exception) => HandlerFailed?.Invoke(exception);
}

/// <summary>How a loop is made; <paramref name="Name"/> is its thread's name.</summary>
public sealed record EventLoopOptions(string Name)
{
    /// <summary>Use the portable loop even on Linux.</summary>
    public bool Portable { get; init; }

    /// <summary>The loop keeps deadlines (a load's arrivals, a line's departures): ask the scheduler for short time slices where it grants them.</summary>
    public bool Punctual { get; init; }

    /// <summary>On Linux: receives and sends of a turn enter the kernel together (io_uring), where it lets this process; off: a system call each.</summary>
    public bool CallsTogether { get; init; } = true;
}

/// <summary>Socket settings; null leaves the system's default.</summary>
public sealed record SocketOptions
{
    public bool NoDelay { get; init; } = true;
    public int? SendBufferBytes { get; init; }
    public int? ReceiveBufferBytes { get; init; }

    /// <summary>TCP_MAXSEG before connect or listen, so that loopback makes Ethernet's segments.</summary>
    public int? MaxSegment { get; init; }

    /// <summary>TCP_NOTSENT_LOWAT: unsent octets above which the socket is not writable.</summary>
    public int? NotSentLowWater { get; init; }
    public int Backlog { get; init; } = 4096;

    /// <summary>Local address to dial from.</summary>
    public IPAddress? From { get; init; }
}

/// <summary>What a connection tells its owner. All calls come on the loop, one at a time.</summary>
public interface IConnectionHandler
{
    /// <summary>The connection stands (dialled, or just accepted).</summary>
    void OnConnected(Connection connection);

    /// <summary>
    /// Octets that have arrived, those not consumed last time in front. Returns how many were consumed; the rest is presented again
    /// together with what follows (or by <see cref="Connection.ResumeReading"/>). At most <see cref="Connection.InputLimitBytes"/> are held: consuming nothing of a full buffer aborts.
    /// </summary>
    int OnReceived(Connection connection, ReadOnlySpan<byte> octets);

    /// <summary>TLS stands (<see cref="Connection.StartTls"/>): what comes and goes from here on is within it. A handshake that fails ends the connection instead, with <see cref="CloseKind.TlsFailed"/>.</summary>
    void OnSecured(Connection connection) { }

    /// <summary>Output that had been above the high-water mark is below the low-water mark again.</summary>
    void OnWritable(Connection connection);

    /// <summary>
    /// The peer has sent FIN: nothing more will be received. Unless a proxy carries it on (and answers with <see cref="Connection.ShutdownSend"/> in its own
    /// time), the connection is closed as soon as its output has left.
    /// </summary>
    void OnInputEnded(Connection connection) => connection.CloseAfterSend();

    /// <summary>Nothing more comes: the last call for this connection.</summary>
    void OnClosed(Connection connection, CloseReason reason);
}

/// <summary>Why a connection ended.</summary>
public enum CloseKind { ClosedByUs, ClosedByPeer, Reset, Refused, Unreachable, TimedOut, InputOverflow, HandlerFailed, LoopEnded, Failed, TlsFailed }

public readonly record struct CloseReason(CloseKind Kind, string? Detail)
{
    public override string ToString() => Detail is null ? Kind.ToString() : $"{Kind}: {Detail}";
}

/// <summary>An established or dialling connection. On its loop only, the counters excepted.</summary>
public abstract class Connection
{
    public const int InputLimitBytes = 256 << 10;

    /// <summary>Unsent octets at which a producer of content should pause until <see cref="IConnectionHandler.OnWritable"/>.</summary>
    public const int HighWaterBytes = 256 << 10;

    public abstract EventLoop Loop { get; }
    public abstract IPEndPoint LocalEndPoint { get; }
    public abstract IPEndPoint RemoteEndPoint { get; }

    /// <summary>False once it has ended, is closing or cannot send any more: output is ignored from then on, so a loop that produces it must look here.</summary>
    public abstract bool IsOpen { get; }

    /// <summary>This connection's high-water mark in octets (at least 1), for a proxy that must hold less; the low-water mark is a quarter of it.</summary>
    public int HighWater { get; set; } = HighWaterBytes;

    /// <summary>
    /// Its input waits until that of all other connections was handled, and is then taken in slices (<see cref="EventLoop.YieldSliceNs"/>), in turn with others that yield: who brings work
    /// does not hold up those that do it. Set by the one who accepts, before the connection stands.
    /// </summary>
    public bool Yields { get; set; }

    /// <summary>
    /// Copies to the output, which is flushed once at the end of the turn: replies of a pipelined group leave together. Kept until the connection stands while
    /// it is dialling; ignored after <see cref="CloseAfterSend"/>, <see cref="ShutdownSend"/> or the end.
    /// </summary>
    public abstract void Send(ReadOnlySpan<byte> octets);

    /// <summary>Output written in place; flushed like <see cref="Send"/>.</summary>
    public abstract System.Buffers.IBufferWriter<byte> Output { get; }

    /// <summary>Octets given to Send and not yet taken by the kernel.</summary>
    public abstract int UnsentBytes { get; }

    /// <summary>TLS stands.</summary>
    public abstract bool IsSecure { get; }

    /// <summary>
    /// Begins TLS in place, at most once. What was sent before leaves in the clear; what is sent from now on waits for the handshake. Input that the handler has not consumed is taken as TLS's, so nothing
    /// that came in the clear behind the command that asks for TLS is ever read as a command or reply. <see cref="IConnectionHandler.OnSecured"/> follows, or the end. Do not pause reading until then.
    /// Does nothing on a connection that is not open.
    /// </summary>
    public abstract void StartTls(TlsParty party);
    public abstract void PauseReading();

    /// <summary>Reads again; what was left unconsumed is presented at once (later in this turn).</summary>
    public abstract void ResumeReading();

    /// <summary>Sends FIN after the output has left, then closes when the peer does (or after a short patience).</summary>
    public abstract void CloseAfterSend();

    /// <summary>Half-close for proxies: FIN after the output; reading goes on.</summary>
    public abstract void ShutdownSend();

    /// <summary>Closes now, unsent output lost (RST). <see cref="IConnectionHandler.OnClosed"/> follows from the loop, never from inside this call.</summary>
    public abstract void Abort();
    public abstract long OctetsIn { get; }
    public abstract long OctetsOut { get; }

    /// <summary>The kernel's counts (TCP_INFO); null where the system has none. Readable until OnClosed has returned.</summary>
    public abstract TcpCounts? ReadTcpCounts();
}

/// <summary>From TCP_INFO: segments count pure ACKs, SYN and FIN too; super-frames count as the segments they hold.</summary>
public readonly record struct TcpCounts(long SegmentsOut, long SegmentsIn, long BytesSent, long BytesReceived, int SendMss, int UnsentBytes, int UnackedSegments);

/// <summary>A listening socket.</summary>
public abstract class Listener : IDisposable
{
    public abstract IPEndPoint EndPoint { get; }

    /// <summary>Other settings for connections that are accepted from now on. On the loop only.</summary>
    public abstract void Apply(SocketOptions options);

    /// <summary>Stops accepting; connections stay.</summary>
    public abstract void Dispose();
}

/// <summary>One-shot timer on absolute deadlines; on its loop only.</summary>
public abstract class LoopTimer : IDisposable
{
    public abstract bool IsArmed { get; }

    /// <summary>Fires as soon as the clock has reached <paramref name="deadlineNs"/> (CLOCK_MONOTONIC); replaces an earlier deadline. Resolution well under 0.1 ms on Linux.</summary>
    public abstract void Arm(long deadlineNs);
    public abstract void Disarm();
    public abstract void Dispose();
}
