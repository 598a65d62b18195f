using System.Net;
using System.Net.Sockets;
using MailBench.Model.Events;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Peers.Source.Books;
using MailBench.Peers.Source.Workload;
using MailBench.Transport;

namespace MailBench.Peers.Source;

/// <summary>
/// A few hundred messages to nobody, on the loop that will carry the load, before the first that counts: else the first arrivals would wait for code to be compiled, and a short
/// load would show that as lateness. Under a runner the warm-up phase does this, so only a source that works alone rehearses.
/// </summary>
internal static class Rehearsal
{
    private const int Messages = 300;

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
            var options = new SourceOptions
            {
                To = listener.EndPoint,
                Load = new LoadOptions
                {
                    Model = LoadModel.Open,
                    Stages = [new LoadStage(LoadStageKind.Inject, new Rate(2000), 0, TimeSpan.Zero)],
                    Count = Messages,
                    Sessions = 4,
                },
                Workload = new WorkloadOptions { Size = new ByteSize(1024) },
                DrainTimeout = TimeSpan.FromSeconds(2),
            };
            var corpus = Corpus.Compose(options.Workload);
            var trial = await loop.RunAsync(() =>
            {
                var made = new SourceTrial(loop, new TrialId("rehearsal", 0, 0), options, corpus, new SourceCounters(), events: null);
                made.LoadEnded = made.Halt;
                made.Start();
                return made;
            });
            await trial.Drained;
            await loop.RunAsync(trial.Dispose);
        }
    }

    /// <summary>Says yes to every line and reads content up to its end.</summary>
    private sealed class Nobody : IConnectionHandler
    {
        private bool _inContent;

        public void OnConnected(Connection connection) => connection.Send("220 nobody\r\n"u8);

        public int OnReceived(Connection connection, ReadOnlySpan<byte> octets)
        {
            var consumed = 0;
            for (int end; (end = octets[consumed..].IndexOf("\r\n"u8)) >= 0; consumed += end + 2) Take(connection, octets.Slice(consumed, end));
            return consumed;
        }

        public void OnWritable(Connection connection) { }

        public void OnClosed(Connection connection, CloseReason reason) { }

        private void Take(Connection connection, ReadOnlySpan<byte> line)
        {
            if (_inContent && !line.SequenceEqual("."u8)) return;
            _inContent = line.SequenceEqual("DATA"u8);
            connection.Send(_inContent ? "354 go on\r\n"u8 : line.StartsWith("EHLO"u8) ? "250-nobody\r\n250-PIPELINING\r\n250 SIZE\r\n"u8 : "250 ok\r\n"u8);
            if (line.SequenceEqual("QUIT"u8)) connection.CloseAfterSend();
        }
    }
}
