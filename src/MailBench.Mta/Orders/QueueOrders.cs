using System.Net.Sockets;
using MailBench.Model.Nodes;
using MailBench.Mta.Queue;

namespace MailBench.Mta.Orders;

/// <summary>Carries out orders on a queue directory: through the control socket of the MTA that has it, or, when none has, on the files, under the directory's lock.</summary>
public static class QueueOrders
{
    /// <summary>The reason that a removed recipient keeps.</summary>
    internal const string RemovedReason = "removed by an operator";

    /// <summary>
    /// Throws <see cref="NodeRefusedException"/> when another process has the directory and offers no control socket, and <see cref="IOException"/> when the order breaks off:
    /// what was done until then stays done.
    /// </summary>
    public static async Task<OrderResult> ApplyAsync(string directory, QueueOrder order, IReadOnlyCollection<RecipientKey> recipients, TimeProvider time)
    {
        var result = default(OrderResult);
        foreach (var part in recipients.Chunk(QueueSocket.MaxRecipients))
            result += await ApplyLiveAsync(directory, order, part, time).ConfigureAwait(false) ?? await ApplyAtRestAsync(directory, order, part, time).ConfigureAwait(false);
        return result;
    }

    /// <summary>Null when nobody listens.</summary>
    private static async Task<OrderResult?> ApplyLiveAsync(string directory, QueueOrder order, RecipientKey[] recipients, TimeProvider time)
    {
        if (QueueSocket.EndPointOf(directory) is not { } endPoint) return null;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(endPoint).ConfigureAwait(false);
        }
        catch (SocketException nobody) when (nobody.SocketErrorCode is not SocketError.AccessDenied)
        {
            // No such file, or one that a killed MTA left behind.
            return null;
        }
        catch (SocketException)
        {
            throw new NodeRefusedException($"{Path.Combine(directory, QueueSocket.FileName)} may be used by its owner only; give the order as the MTA's user.");
        }

        return await QueueSocket.AskAsync(socket, order, recipients, time).ConfigureAwait(false);
    }

    private static async Task<OrderResult> ApplyAtRestAsync(string directory, QueueOrder order, RecipientKey[] recipients, TimeProvider time)
    {
        var wanted = recipients.ToHashSet();
        int given = 0, written = 0;
        await using (var queue = MessageQueue.Open([directory], time))
        {
            foreach (var entry in queue.Recovered)
                for (var i = 0; i < entry.Recipients.Length; i++)
                {
                    var recipient = entry.Recipients[i];
                    if (recipient.State != RecipientState.Waiting || !wanted.Contains(new RecipientKey(entry.Id, i))) continue;
                    recipient.NextAttemptUnixMs = 0;
                    if (order == QueueOrder.Remove) (recipient.State, recipient.Reason) = (RecipientState.Discarded, RemovedReason);
                    queue.Record(entry, i, () => Interlocked.Increment(ref written));
                    given++;
                }
        }

        if (written < given) throw new IOException($"The disk took {written} of {given} changes in {directory}; free space or correct its permissions, and repeat the order.");
        return new OrderResult(given, wanted.Count - given);
    }
}
