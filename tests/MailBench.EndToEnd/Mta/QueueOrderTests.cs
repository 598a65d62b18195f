using System.Net.Sockets;
using System.Text;
using MailBench.Model.Options;
using MailBench.Mta.Orders;
using MailBench.Mta.Queue;
using Xunit;

namespace MailBench.EndToEnd.Mta;

public sealed class QueueOrderTests
{
    private static readonly MtaSettings Patient = new() { Retry = new RetrySettings { First = TimeSpan.FromHours(1), Max = TimeSpan.FromHours(1) } };

    [Theory]
    [InlineData(QueueBackend.Segments)]
    [InlineData(QueueBackend.Files)]
    public async Task Flush_and_remove_act_on_a_live_queue(QueueBackend backend)
    {
        await using var rig = await StartDeferredAsync(backend);
        var waiting = Waiting(rig);
        Assert.Equal(new OrderResult(2, 0), await QueueOrders.ApplyAsync(rig.QueueDirectory, QueueOrder.Flush, waiting, TimeProvider.System));
        await MtaRig.EventuallyAsync(() => rig.AttemptLog.Split(" attempt=2 ").Length == 3, () => rig.AttemptLog);
        await rig.CountReachesAsync("deferred", 2);

        var unknown = new RecipientKey(new QueueId(1L << 50), 0);
        Assert.Equal(new OrderResult(1, 1), await QueueOrders.ApplyAsync(rig.QueueDirectory, QueueOrder.Remove, [waiting[0], unknown], TimeProvider.System));
        Assert.Equal((1L, 1L, 1L), (rig.Count("discarded"), rig.Count("queued"), rig.Count("deferred")));
        await MtaRig.EventuallyAsync(() => Waiting(rig).Length == 1, () => "the removed recipient is still in the files");
        Assert.Equal(0, rig.Count("dsns"));
        Assert.Contains("removed", Assert.Single(rig.Complaints), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_order_on_more_than_a_site_may_have_in_hand_meets_each_recipient_once()
    {
        const int messages = 16, recipients = 100;
        await using var rig = await MtaRig.StartAsync(Patient);
        await rig.StopSinkAsync();
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        var addresses = Enumerable.Range(0, recipients).Select(i => $"u{i}@d0.test").ToArray();
        for (var i = 0; i < messages; i++) await client.TransactAsync("a@source.test", "Subject: x\r\n\r\nx\r\n", addresses);
        await rig.CountReachesAsync("deferred", messages * recipients);
        var waiting = Waiting(rig);
        Assert.Equal(new OrderResult(messages * recipients, 0), await QueueOrders.ApplyAsync(rig.QueueDirectory, QueueOrder.Flush, waiting, TimeProvider.System));
        await rig.CountReachesAsync("deferred", messages * recipients);
        Assert.Equal(new OrderResult(messages * recipients, 0), await QueueOrders.ApplyAsync(rig.QueueDirectory, QueueOrder.Remove, waiting, TimeProvider.System));
        Assert.Equal((0L, 0L), (rig.Count("queued"), rig.Count("deferred")));
    }

    [Theory]
    [InlineData(QueueBackend.Segments)]
    [InlineData(QueueBackend.Files)]
    public async Task The_control_socket_is_the_owners_and_goes_with_the_MTA(QueueBackend backend)
    {
        await using var rig = await StartDeferredAsync(backend);
        var path = Path.Combine(rig.QueueDirectory, QueueSocket.FileName);
        // Windows guards a socket by its directory.
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        var waiting = Waiting(rig);
        await rig.StopMtaAsync();
        Assert.False(File.Exists(path));
        Assert.Equal(new OrderResult(2, 0), await QueueOrders.ApplyAsync(rig.QueueDirectory, QueueOrder.Remove, waiting, TimeProvider.System));
        Assert.Empty(Waiting(rig));
    }

    [Theory]
    [InlineData("destroy\n")]
    [InlineData("flush\n1Z4\n")]
    [InlineData("flush\n1Z4 -1\n")]
    [InlineData("")]
    [InlineData("remove\n0123456789012345678901234567890123456789012345678901234567890123456789")]
    public async Task The_control_socket_answers_nonsense_with_an_error_and_lives_on(string order)
    {
        await using var rig = await StartDeferredAsync();
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(QueueSocket.EndPointOf(rig.QueueDirectory)!);
        using var reader = new StreamReader(new NetworkStream(socket));
        await socket.SendAsync(Encoding.ASCII.GetBytes(order));
        socket.Shutdown(SocketShutdown.Send);
        Assert.StartsWith("error ", await reader.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Equal(new OrderResult(2, 0), await QueueOrders.ApplyAsync(rig.QueueDirectory, QueueOrder.Flush, Waiting(rig), TimeProvider.System));
    }

    /// <summary>An MTA with a message whose two recipients wait an hour for their next attempt, in memory and in the files.</summary>
    private static async Task<MtaRig> StartDeferredAsync(QueueBackend backend = QueueBackend.Segments)
    {
        var rig = await MtaRig.StartAsync(Patient with { QueueBackend = backend }, [new RefusalRule(RefusalPhase.Rcpt, 450, "4.2.0", 1, null)]);
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        await client.TransactAsync("a@source.test", "Subject: x\r\n\r\nx\r\n", "u0@d0.test", "u1@d1.test");
        await rig.CountReachesAsync("deferred", 2);
        return rig;
    }

    private static RecipientKey[] Waiting(MtaRig rig)
    {
        using var queue = QueueInspection.Read(rig.QueueDirectory);
        return [.. queue.Entries.SelectMany(entry => entry.Recipients.Select((recipient, i) => (recipient, Key: new RecipientKey(entry.Id, i))).Where(pair => pair.recipient.State == RecipientState.Waiting).Select(pair => pair.Key))];
    }
}
