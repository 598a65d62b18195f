using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace MailBench.Model.Nodes;

/// <summary>A listener that serves: printed as <c>ready ROLE ADDRESS:PORT</c>.</summary>
public sealed record ReadyListener(string Role, IPEndPoint EndPoint);

/// <summary>
/// A node (MTA, sink, DNS, line, source …) as its host sees it. The host owns standard input and output, signals, exit code and the last line of
/// counts; the node owns its loops, sockets and files. All members may be called from any thread, one call at a time.
/// </summary>
public interface INode : IAsyncDisposable
{
    /// <summary>The role's name on the command line: <c>mta</c>, <c>sink</c>, <c>dns</c>, <c>line</c>, <c>source</c>.</summary>
    string Role { get; }

    /// <summary>Begins to serve. Throws <see cref="NodeRefusedException"/> when the machine does not let it (port in use, no permission, disk full).</summary>
    Task<IReadOnlyList<ReadyListener>> StartAsync(CancellationToken cancellationToken);

    /// <summary>Ends when the node has nothing left to do by itself (count or duration reached) or faults; nodes that only serve never complete it.</summary>
    Task Completion { get; }

    /// <summary>Finishes open transactions and closes; the token is cancelled when the patience (10 s) is over.</summary>
    Task StopAsync(CancellationToken cancellationToken);

    /// <summary>The object of counts that the contract names for the role; printed as the last line.</summary>
    JsonObject Counts();

    /// <summary>Cumulative counters since start for window edges; names in <see cref="CounterNames"/>. Cheap and callable while under load.</summary>
    IReadOnlyDictionary<string, double> Counters();

    /// <summary>Performs a command of the runner; throws <see cref="NotSupportedException"/> for one that the role does not know. The reply's data, or null.</summary>
    Task<JsonObject?> HandleAsync(NodeCommand command, CancellationToken cancellationToken);

    /// <summary>Set by the host before start: passes an unasked message (a <see cref="NodeNotice"/>) to the runner. Callable from any thread.</summary>
    Action<NodeNotice>? Notify { get; set; }
}

/// <summary>The environment refused (exit code 4): the message says what, where and what to do.</summary>
public sealed class NodeRefusedException : Exception
{
    public NodeRefusedException(string message) : base(message) { }

    public NodeRefusedException(string message, Exception inner) : base(message, inner) { }

    public NodeRefusedException() { }

    /// <summary>A node's addresses cannot be had; the same sentence from every node.</summary>
    /// <param name="where">The address and port, or several.</param>
    public static NodeRefusedException CannotListen(string where, SocketException refused) => new($"cannot listen on {where}: {refused.Message}. " + refused.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => "Stop the program that listens there, or choose another port (0 picks a free one).",
        SocketError.AddressNotAvailable => "Choose an address of this machine.",
        SocketError.AccessDenied => "Ports below 1024 need privilege; choose a higher one.",
        _ => "Choose another address or port.",
    }, refused);
}
