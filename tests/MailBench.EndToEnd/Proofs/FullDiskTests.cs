using MailBench.EndToEnd.Mta;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>The MTA's queue on a filesystem of a few MiB that is really full: clients hear 452, the MTA lives on, takes mail again when there is room, and loses nothing that it acknowledged.</summary>
public sealed class FullDiskTests
{
    private const string Retry = "retry: {first: 300ms, max: 1s}\n";
    private static readonly string Filler = string.Concat(Enumerable.Repeat(new string('x', 98) + "\r\n", 300));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_full_disk_is_said_to_clients_and_survived(bool killed)
    {
        await using var bench = NodeBench.Start(save: true);
        using var disk = SmallDisk.Mount(Path.Combine(bench.Folder, "disk"));
        var queue = Path.Combine(disk.Path, "queue");
        bench.StartMta(queue, Retry);
        await NodeBench.EndAsync(bench.Sink);

        var acknowledged = new List<string>();
        using (var client = await RawClient.GreetedAsync(bench.MtaEndPoint))
        {
            var reply = await FillAsync(client, acknowledged);
            Assert.StartsWith("452 4.3.1 ", reply, StringComparison.Ordinal);
            Assert.InRange(acknowledged.Count, 50, 500);

            // The session goes on, and so do the next ones.
            Assert.StartsWith("452 4.3.1 ", await SendAsync(client, "refused"), StringComparison.Ordinal);
            using var next = await RawClient.GreetedAsync(bench.MtaEndPoint);
            Assert.StartsWith("452 4.3.1 ", await SendAsync(next, "refused"), StringComparison.Ordinal);
        }

        if (killed)
        {
            bench.Mta.Signal(9);
            await bench.Mta.WaitForEndAsync();
            disk.Stuff();
            bench.StartMta(queue, Retry);
            using var client = await RawClient.GreetedAsync(bench.MtaEndPoint);
            Assert.StartsWith("452 4.3.1 ", await SendAsync(client, "refused"), StringComparison.Ordinal);
        }

        // While the disk is still full, what waits on it is delivered; that makes room.
        bench.StartSink();
        await bench.DrainAsync();
        using (var client = await RawClient.GreetedAsync(bench.MtaEndPoint))
        {
            await NodeBench.EventuallyAsync(() => SendAsync(client, "later").GetAwaiter().GetResult().StartsWith("250 ", StringComparison.Ordinal), () => "the queue is empty and mail is still refused");
        }

        await bench.DrainAsync();
        await NodeBench.EndAsync(bench.Mta);
        var arrived = bench.SavedMessages().Select(saved => saved.Recipients.Single().Split('@')[0]).ToList();
        Assert.Equal([], acknowledged.Except(arrived));
        Assert.Equal(["later"], arrived.Except(acknowledged));
        Assert.All(bench.SavedMessages(), saved => Assert.EndsWith($"\r\n\r\n{Filler}", saved.Text, StringComparison.Ordinal));
    }

    private static async Task<string> FillAsync(RawClient client, List<string> acknowledged)
    {
        for (var i = 0; i < 1000; i++)
        {
            var reply = await SendAsync(client, $"u{i}");
            if (!reply.StartsWith("250 ", StringComparison.Ordinal)) return reply;
            acknowledged.Add($"u{i}");
        }

        return "the disk took a thousand messages";
    }

    private static async Task<string> SendAsync(RawClient client, string recipient)
    {
        var reply = await client.TransactAsync("a@source.test", $"Subject: x\r\n\r\n{Filler}", $"{recipient}@d0.test");
        if (reply[0] != '2') await client.SayAsync("RSET");
        return reply;
    }
}
