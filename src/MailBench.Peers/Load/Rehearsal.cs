using System.Net;
using System.Net.Sockets;
using System.Runtime;
using MailBench.Transport;

namespace MailBench.Peers.Load;

/// <summary>
/// A few hundred arrivals at nobody, on the loop that will carry the load, before the first that counts: else the first would wait for code to be compiled, and a short load would show
/// that as lateness. Under a runner the warm-up phase does this, so only a node that works alone rehearses.
/// </summary>
internal static class Rehearsal
{
    private const int MostRepeats = 10;

    /// <summary>Between the first compilation and the second the runtime waits for calm, a tenth of a second.</summary>
    private const int QuietRepeats = 2;

    /// <summary>What else a process compiles now and then.</summary>
    private const int StrayMethods = 3;

    /// <summary>
    /// Never fails: where loopback cannot be listened on, there is no rehearsal. Code is compiled twice, quickly when it is first called and well when it has been called often, and the second time takes a
    /// processor for most of a second: a thorough rehearsal goes on until that is over.
    /// </summary>
    /// <param name="loop">The loop that will carry the load.</param>
    /// <param name="nobody">Serves one connection.</param>
    /// <param name="prepare">The trial, whose load ends by itself; on the loop. About a sixth of a second each.</param>
    /// <param name="thorough">Repeats it until nothing more is compiled; a second or two at most.</param>
    public static async Task RunAsync(EventLoop loop, Func<LineServer> nobody, Func<IPEndPoint, ILoadTrial> prepare, bool thorough = false)
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
            var quiet = 0;
            for (var repeats = 0; repeats < (thorough ? MostRepeats : 1) && quiet < QuietRepeats; repeats++)
            {
                var compiled = JitInfo.GetCompiledMethodCount();
                await OnceAsync(loop, () => prepare(listener.EndPoint));
                quiet = JitInfo.GetCompiledMethodCount() - compiled > StrayMethods ? 0 : quiet + 1;
            }
        }
    }

    private static async Task OnceAsync(EventLoop loop, Func<ILoadTrial> prepare)
    {
        var trial = await loop.RunAsync(() =>
        {
            var made = prepare();
            made.LoadEnded = made.Halt;
            made.Start();
            return made;
        });
        await trial.Drained;
        await loop.RunAsync(trial.Dispose);
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
