using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Mta.Queue;
using Xunit;

namespace MailBench.EndToEnd.Mta;

public class BooksTests
{
    private static readonly TrialId Trial = new("7f3a", 3, 1);

    [Fact]
    public async Task Books_name_each_recipient_of_the_trial_that_is_still_queued()
    {
        await using var rig = await MtaRig.StartAsync();
        await rig.StopSinkAsync();
        var path = Path.GetTempFileName();
        try
        {
            await rig.Mta.HandleAsync(new BeginTrialCommand(Trial, path), CancellationToken.None);
            using var client = await RawClient.GreetedAsync(rig.EndPoint);
            await client.TransactAsync(VerpAddress.Format(Trial, 42, "test"), "Subject: x\r\n\r\n", "u0@d0.test", "u5@d1.test");
            await client.TransactAsync(VerpAddress.Format(Trial with { Point = 2 }, 43, "test"), "Subject: x\r\n\r\n", "u0@d0.test");
            await client.TransactAsync("", "Subject: x\r\n\r\n", "u0@d0.test");
            await rig.CountReachesAsync("deferred", 4);
            var reply = await rig.Mta.HandleAsync(new BooksCommand(), CancellationToken.None);
            await rig.Mta.HandleAsync(new EndTrialCommand(), CancellationToken.None);

            Assert.Equal("{\"queued\":2,\"discarded\":0}", reply!.ToJsonString());
            using var file = File.OpenRead(path);
            Assert.Equal(("mta", "7f3a", 3, 1), EventStream.ReadHeader(file) is var header ? (header.Role, header.Run, header.Point, header.Repetition) : default);
            Assert.Equal([(EventKind.Queued, 42L, 0), (EventKind.Queued, 42L, 5)], EventStream.ReadRecords(file).Select(record => (record.Kind, record.Sequence, record.Recipient)).Order());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task Counters_of_the_runner_are_there()
    {
        await using var rig = await MtaRig.StartAsync();
        using (var client = await RawClient.GreetedAsync(rig.EndPoint))
        {
            await client.TransactAsync("a@source.test", "Subject: x\r\n\r\nbody\r\n", "u0@d0.test", "u1@d1.test");
            await client.SayAsync("QUIT");
        }

        await rig.CountReachesAsync("delivered", 2);
        var counters = rig.Mta.Counters();
        foreach (var name in new[] { CounterNames.Syncs, CounterNames.SyncBusyNs, CounterNames.QueueBytesWritten, CounterNames.DnsQueries, CounterNames.DnsWaitNs, CounterNames.SessionsOut, CounterNames.TransactionsOut, CounterNames.RoundTripsOut, CounterNames.SessionOutNs })
            Assert.True(counters[name] > 0, name);
        Assert.Equal((2.0, 1.0, 2.0), (counters[CounterNames.AcceptedRecipients], counters[CounterNames.Accepted], counters[CounterNames.Delivered]));
        Assert.Equal("Subject: x\r\n\r\nbody\r\n".Length, counters[CounterNames.ContentOctets]);
    }

    [Fact]
    public async Task No_recipient_is_marked_failed_before_its_DSN_is_in_the_queue()
    {
        var full = true;
        await using var rig = await MtaRig.StartAsync(
            refuse: [new MailBench.Model.Options.RefusalRule(MailBench.Model.Options.RefusalPhase.Rcpt, 550, "5.1.1", 1, "bad*")],
            openQueue: options => new RefusingQueue(
                MessageQueue.Open(options.QueueDirectories, TimeProvider.System),
                message => message.ReversePath.Length == 0 && full ? new QueueRefusedException(QueueRefusal.DiskFull, "no space") : null));
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        await client.TransactAsync("a@source.test", "Subject: x\r\n\r\n", "bad0@d0.test");
        await MtaRig.EventuallyAsync(() => rig.Complaints.Count > 0, () => "no complaint");
        Assert.Equal((0L, 1L, 0L), (rig.Count("failed"), rig.Count("queued"), rig.Count("dsns")));

        // The process ends before the disk has room: the recipient is still there, and its DSN comes from the next one.
        await rig.StopMtaAsync();
        full = false;
        await rig.StartMtaAsync();
        await rig.CountReachesAsync("failed", 1);
        await rig.CountReachesAsync("queued", 0);
        Assert.Single(rig.Saved(), message => message.ReversePath.Length == 0);
    }
}
