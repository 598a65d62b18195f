using System.Net;
using System.Net.Sockets;

namespace MailBench.Runs.Probes;

/// <summary>
/// Mail hosts that write down how they are spoken to. They answer slowly, so that a client that waits for replies can be told from one that does not, and refuse by the recipient's local part:
/// <c>refused…</c> for good, <c>later…</c> for now. Callable from any thread.
/// </summary>
internal sealed class RecordingPeer : IAsyncDisposable
{
    private const int MostSessions = 500;

    private readonly List<TcpListener> _listeners = [];
    private readonly List<Task> _accepting = [];
    private readonly HashSet<Task> _sessions = [];
    private readonly List<PeerTransaction> _transactions = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (int Now, int Most, int All)> _open = [];
    private int _last;

    private RecordingPeer(TimeProvider time) => _time = time;

    /// <summary>Transactions so far that came to an end of content, or whose recipients were all refused.</summary>
    public IReadOnlyList<PeerTransaction> Transactions
    {
        get
        {
            lock (_lock) return [.. _transactions];
        }
    }

    /// <summary>Listens on all addresses, with <paramref name="withoutEightBit"/> not offering 8BITMIME. Throws <see cref="SocketException"/>.</summary>
    public static RecordingPeer Start(IReadOnlyList<IPAddress> addresses, int port, IPAddress withoutEightBit, TimeProvider time)
    {
        var peer = new RecordingPeer(time);
        try
        {
            foreach (var address in addresses)
            {
                var listener = new TcpListener(address, port);
                listener.Start();
                peer._listeners.Add(listener);
                peer._accepting.Add(peer.AcceptAsync(listener, address.ToString(), !address.Equals(withoutEightBit)));
            }
        }
        catch
        {
            foreach (var listener in peer._listeners) listener.Dispose();
            throw;
        }

        return peer;
    }

    /// <summary>Connections that a host had: in all, and most at once; one counts until it says QUIT or breaks.</summary>
    public (int All, int Most) SessionsOf(string host)
    {
        lock (_lock) return _open.TryGetValue(host, out var sessions) ? (sessions.All, sessions.Most) : default;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var listener in _listeners) listener.Dispose();
        await Task.WhenAll(_accepting);
        Task[] sessions;
        lock (_lock) sessions = [.. _sessions];
        await Task.WhenAll(sessions);
        _stop.Dispose();
    }

    private async Task AcceptAsync(TcpListener listener, string host, bool eightBit)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(_stop.Token);
                lock (_lock)
                {
                    if (_sessions.Count >= MostSessions)
                    {
                        client.Dispose();
                        continue;
                    }

                    var session = ServeAsync(client, host, eightBit, ++_last);
                    _sessions.Add(session);
                    _ = session.ContinueWith(Forget, TaskScheduler.Default);
                }
            }
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The probe is over.
        }
    }

    private void Forget(Task session)
    {
        lock (_lock) _sessions.Remove(session);
    }

    private async Task ServeAsync(TcpClient client, string host, bool eightBit, int number)
    {
        await Task.Yield();
        Count(host, 1);
        var counted = true;
        try
        {
            using (client) await new RecordingSession(client.GetStream(), host, number, eightBit, Keep, Leave, _time).RunAsync(_stop.Token);
        }
        catch (Exception broken) when (broken is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // A client may leave as it likes; what came to an end has been kept.
        }
        finally
        {
            Leave();
        }

        // At QUIT, not when its answer has left: the client may dial again as soon as it reads that, before this task goes on.
        void Leave()
        {
            if (counted) Count(host, -1);
            counted = false;
        }
    }

    private void Keep(PeerTransaction transaction)
    {
        lock (_lock) _transactions.Add(transaction);
    }

    private void Count(string host, int change)
    {
        lock (_lock)
        {
            var (now, most, all) = _open.GetValueOrDefault(host);
            now += change;
            _open[host] = (now, Math.Max(most, now), all + Math.Max(0, change));
        }
    }
}
