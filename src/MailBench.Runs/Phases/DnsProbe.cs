using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MailBench.Model.Units;

namespace MailBench.Runs.Phases;

/// <summary>How many MX questions a second the DNS responder answers over UDP, sixty-four being under way at any time.</summary>
internal static class DnsProbe
{
    private const int UnderWay = 64;

    /// <summary>Answers per second; null when not one came (a responder whose faults make it silent).</summary>
    public static async Task<double?> MeasureAsync(IPEndPoint server, string name, TimeSpan during, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellationToken);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var question = MxQuestion(name);
        var answer = new byte[4096];
        var begin = MonotonicClock.NowNs;
        long answers = 0, last = begin;
        over.CancelAfter(during * 2);
        try
        {
            for (ushort id = 0; id < UnderWay; id++) await AskAsync(socket, question, id, over.Token);
            while (last - begin < during.ToNs())
            {
                var length = await socket.ReceiveAsync(answer, SocketFlags.None, over.Token);
                last = MonotonicClock.NowNs;
                if (length < 12) continue;
                answers++;
                await AskAsync(socket, question, BinaryPrimitives.ReadUInt16BigEndian(answer), over.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The responder went silent; what it answered until then counts.
        }
        catch (SocketException)
        {
            // Nobody listens there: the responder's own watch reports why.
        }

        return answers > 0 && last > begin ? answers / ((last - begin) / 1e9) : null;
    }

    private static async ValueTask AskAsync(Socket socket, byte[] question, ushort id, CancellationToken cancellationToken)
    {
        BinaryPrimitives.WriteUInt16BigEndian(question, id);
        await socket.SendAsync(question, SocketFlags.None, cancellationToken);
    }

    /// <summary>Header with RD and one question of type MX, class IN (RFC 1035 §4.1).</summary>
    private static byte[] MxQuestion(string name)
    {
        var message = new List<byte> { 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
        foreach (var label in name.Split('.'))
        {
            message.Add((byte)label.Length);
            message.AddRange(Encoding.ASCII.GetBytes(label));
        }

        message.AddRange([0, 0, 15, 0, 1]);
        return [.. message];
    }
}
