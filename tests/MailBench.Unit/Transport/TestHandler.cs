using System.Collections.Concurrent;
using MailBench.Transport;

namespace MailBench.Unit.Transport;

/// <summary>A handler made of delegates, which remembers what it was told.</summary>
internal sealed class TestHandler : IConnectionHandler
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TaskCompletionSource<Connection> _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<CloseReason> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Action<Connection>? Connected { get; init; }
    public Func<Connection, byte[], int>? Received { get; init; }
    public Action<Connection>? Writable { get; init; }
    public Action<Connection>? InputEnded { get; init; }
    public Action<Connection>? Closing { get; init; }

    /// <summary>Remembers nothing of what is received, for long transfers.</summary>
    public bool Quiet { get; init; }

    public ConcurrentQueue<byte[]> Presented { get; } = [];

    public Task<Connection> WhenConnected => _connected.Task.WaitAsync(Patience);

    public Task<CloseReason> WhenClosed => _closed.Task.WaitAsync(Patience);

    public void OnConnected(Connection connection)
    {
        Connected?.Invoke(connection);
        _connected.TrySetResult(connection);
    }

    public int OnReceived(Connection connection, ReadOnlySpan<byte> octets)
    {
        if (Quiet && Received is null) return octets.Length;
        var copy = octets.ToArray();
        if (Quiet) return Received!(connection, copy);
        Presented.Enqueue(copy);
        return Received?.Invoke(connection, copy) ?? copy.Length;
    }

    public void OnWritable(Connection connection) => Writable?.Invoke(connection);

    public void OnInputEnded(Connection connection)
    {
        if (InputEnded is null)
            connection.CloseAfterSend();
        else
            InputEnded(connection);
    }

    public void OnClosed(Connection connection, CloseReason reason)
    {
        Closing?.Invoke(connection);
        _closed.TrySetResult(reason);
    }

    /// <summary>Sends back what comes.</summary>
    public static TestHandler Echo() => new()
    {
        Received = (connection, octets) =>
        {
            connection.Send(octets);
            return octets.Length;
        },
    };
}
