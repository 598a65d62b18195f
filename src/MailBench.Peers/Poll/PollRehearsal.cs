using System.Net;
using System.Net.Sockets;
using MailBench.Model.Options;
using MailBench.Transport;

namespace MailBench.Peers.Poll;

/// <summary>A few hundred polls of nobody, on the loop that will carry the load: else the first polls would wait for code to be compiled. Under a runner the warm-up does this.</summary>
internal static class PollRehearsal
{
    /// <summary>Takes about a sixth of a second; never fails: where loopback cannot be listened on, there is no rehearsal.</summary>
    public static async Task RunAsync(EventLoop loop)
    {
        Listener listener;
        try
        {
            listener = loop.Listen(new IPEndPoint(IPAddress.Loopback, 0), static _ => new Nobody());
        }
        catch (SocketException)
        {
            return;
        }

        using (listener)
        {
            var options = new PollOptions
            {
                Pop3 = listener.EndPoint,
                Users = 100,
                Interval = TimeSpan.FromMilliseconds(50),
                Count = 300,
                Action = PollAction.Delete,
                DrainTimeout = TimeSpan.FromSeconds(2),
            };
            var trial = await loop.RunAsync(() =>
            {
                var made = new PollTrial(loop, options, PollLimits.Compute(options), new PollCounters(), events: null);
                made.LoadEnded = made.Halt;
                made.Start();
                return made;
            });
            await trial.Drained;
            await loop.RunAsync(trial.Dispose);
        }
    }

    /// <summary>Has one message for everybody.</summary>
    private sealed class Nobody : IConnectionHandler
    {
        public void OnConnected(Connection connection) => connection.Send("+OK nobody\r\n"u8);

        public int OnReceived(Connection connection, ReadOnlySpan<byte> octets)
        {
            var consumed = 0;
            for (int end; (end = octets[consumed..].IndexOf("\r\n"u8)) >= 0; consumed += end + 2)
            {
                var line = octets.Slice(consumed, end);
                connection.Send(line.StartsWith("RETR"u8) ? "+OK 9 octets\r\nnothing\r\n.\r\n"u8 : line.StartsWith("STAT"u8) ? "+OK 1 9\r\n"u8 : "+OK\r\n"u8);
                if (line.StartsWith("QUIT"u8)) connection.CloseAfterSend();
            }

            return consumed;
        }

        public void OnWritable(Connection connection) { }

        public void OnClosed(Connection connection, CloseReason reason) { }
    }
}
