using System.Net;
using System.Net.Sockets;
using MailBench.Transport;

namespace MailBench.Peers.Load;

/// <summary>
/// A few hundred arrivals at nobody, on the loop that will carry the load, before the first that counts: else the first would wait for code to be compiled, and a short load would show
/// that as lateness. Under a runner the warm-up phase does this, so only a node that works alone rehearses.
/// </summary>
internal static class Rehearsal
{
    /// <summary>Takes about a sixth of a second; never fails: where loopback cannot be listened on, there is no rehearsal.</summary>
    /// <param name="loop">The loop that will carry the load.</param>
    /// <param name="nobody">Serves one connection.</param>
    /// <param name="prepare">The trial, whose load ends by itself; on the loop.</param>
    public static async Task RunAsync(EventLoop loop, Func<LineServer> nobody, Func<IPEndPoint, ILoadTrial> prepare)
    {
        Listener listener;
        try
        {
            listener = loop.Listen(new IPEndPoint(IPAddress.Loopback, 0), _ => nobody());
        }
        catch (SocketException)
        {
            return;
        }

        using (listener)
        {
            var trial = await loop.RunAsync(() =>
            {
                var made = prepare(listener.EndPoint);
                made.LoadEnded = made.Halt;
                made.Start();
                return made;
            });
            await trial.Drained;
            await loop.RunAsync(trial.Dispose);
        }
    }

    /// <summary>A server that answers line by line.</summary>
    internal abstract class LineServer : IConnectionHandler
    {
        public abstract void OnConnected(Connection connection);

        public int OnReceived(Connection connection, ReadOnlySpan<byte> octets)
        {
            var consumed = 0;
            for (int end; (end = octets[consumed..].IndexOf("\r\n"u8)) >= 0; consumed += end + 2) Take(connection, octets.Slice(consumed, end));
            return consumed;
        }

        public void OnWritable(Connection connection) { }

        public void OnClosed(Connection connection, CloseReason reason) { }

        protected abstract void Take(Connection connection, ReadOnlySpan<byte> line);
    }
}
