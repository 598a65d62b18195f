using MailBench.Model.Options;
using MailBench.Peers.Load;
using MailBench.Transport;

namespace MailBench.Peers.Poll;

/// <summary>What users rehearse: polls of a server that has one message for everybody.</summary>
internal static class PollRehearsal
{
    public static Task RunAsync(EventLoop loop) => Rehearsal.RunAsync(loop, static () => new Nobody(), server =>
    {
        var options = new PollOptions
        {
            Pop3 = server,
            Users = 100,
            Interval = TimeSpan.FromMilliseconds(50),
            Count = 300,
            Action = PollAction.Delete,
            DrainTimeout = TimeSpan.FromSeconds(2),
        };
        return new PollTrial(loop, options, SystemLimits.For(options), new PollCounters(), events: null);
    });

    private sealed class Nobody : Rehearsal.LineServer
    {
        public override void OnConnected(Connection connection) => connection.Send("+OK nobody\r\n"u8);

        protected override void Take(Connection connection, ReadOnlySpan<byte> line)
        {
            connection.Send(line.StartsWith("RETR"u8) ? "+OK 9 octets\r\nnothing\r\n.\r\n"u8 : line.StartsWith("STAT"u8) ? "+OK 1 9\r\n"u8 : "+OK\r\n"u8);
            if (line.StartsWith("QUIT"u8)) connection.CloseAfterSend();
        }
    }
}
