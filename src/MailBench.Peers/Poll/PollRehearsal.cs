using MailBench.Model.Options;
using MailBench.Peers.Load;
using MailBench.Transport;

namespace MailBench.Peers.Poll;

/// <summary>What users rehearse: polls of a server that has one message for everybody.</summary>
internal static class PollRehearsal
{
    public static Task RunAsync(EventLoop loop, PollProtocol protocol) => Rehearsal.RunAsync(loop, () => protocol == PollProtocol.Imap ? new NobodyOfImap() : new Nobody(), server =>
    {
        var options = new PollOptions
        {
            Server = server,
            Protocol = protocol,
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

    private sealed class NobodyOfImap : Rehearsal.LineServer
    {
        public override void OnConnected(Connection connection) => connection.Send("* OK nobody\r\n"u8);

        protected override void Take(Connection connection, ReadOnlySpan<byte> line)
        {
            var space = line.IndexOf((byte)' ');
            var command = line[(space + 1)..];
            if (command.StartsWith("SELECT"u8)) connection.Send("* 1 EXISTS\r\n* OK [UIDNEXT 2] next\r\n"u8);
            else if (command.StartsWith("FETCH"u8)) connection.Send("* 1 FETCH (BODY[] {9}\r\nnothing\r\n)\r\n"u8);
            connection.Send(line[..space]);
            connection.Send(" OK done\r\n"u8);
            if (command.StartsWith("LOGOUT"u8)) connection.CloseAfterSend();
        }
    }
}
