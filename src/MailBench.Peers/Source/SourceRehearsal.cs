using MailBench.Model.Events;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Peers.Load;
using MailBench.Peers.Source.Books;
using MailBench.Peers.Source.Workload;
using MailBench.Transport;

namespace MailBench.Peers.Source;

/// <summary>What a source rehearses: messages to a server that says yes to every line.</summary>
internal static class SourceRehearsal
{
    private const int Messages = 300;

    /// <summary><paramref name="thorough"/>: for a load long enough to meet the second compilation of its code.</summary>
    public static Task RunAsync(EventLoop loop, bool thorough) => Rehearsal.RunAsync(loop, static () => new Nobody(), to =>
    {
        var options = new SourceOptions
        {
            To = to,
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
        return new SourceTrial(loop, new TrialId("rehearsal", 0, 0), options, Corpus.Compose(options.Workload), new SourceCounters(), events: null);
    }, thorough);

    /// <summary>Reads content up to its end.</summary>
    private sealed class Nobody : Rehearsal.LineServer
    {
        private bool _inContent;

        public override void OnConnected(Connection connection) => connection.Send("220 nobody\r\n"u8);

        protected override void Take(Connection connection, ReadOnlySpan<byte> line)
        {
            if (_inContent && !line.SequenceEqual("."u8)) return;
            _inContent = line.SequenceEqual("DATA"u8);
            connection.Send(_inContent ? "354 go on\r\n"u8 : line.StartsWith("EHLO"u8) ? "250-nobody\r\n250-PIPELINING\r\n250 SIZE\r\n"u8 : "250 ok\r\n"u8);
            if (line.SequenceEqual("QUIT"u8)) connection.CloseAfterSend();
        }
    }
}
