using MailBench.EndToEnd.Mta;
using MailBench.Mta.Queue;
using MailBench.Mta.Queue.Disk;
using MailBench.Mta.Queue.Files;
using MailBench.Mta.Queue.Segments;
using MailBench.Testing.Disk;
using Xunit;

namespace MailBench.EndToEnd.Faults;

/// <summary>The MTA between real sockets over a disk that fails as told: clients hear why before they have sent their mail, and are welcome as soon as the disk is well again.</summary>
public sealed class DiskFaultTests
{
    private const string Content = "Subject: one\r\n\r\nbody\r\n";
    private static readonly QueueSettings Queue = new() { FailureDelay = TimeSpan.FromSeconds(3) };

    [Theory]
    [InlineData("Failed", "451 4.3.0 ", false)]
    [InlineData("ReadOnly", "451 4.3.0 ", false)]
    [InlineData("Full", "452 4.3.1 ", false)]
    [InlineData("Failed", "451 4.3.0 ", true)]
    [InlineData("Full", "452 4.3.1 ", true)]
    public async Task A_disk_that_fails_is_said_and_overcome(string name, string reply, bool files)
    {
        var disk = new FakeDisk();
        DiskFault? fault = null;
        disk.Faults = _ => fault;
        await using var rig = await MtaRig.StartAsync(openQueue: options => Open(options.QueueDirectories, disk, files));
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        Assert.StartsWith("250 ", await client.TransactAsync("a@source.test", Content, "u0@d0.test"), StringComparison.Ordinal);
        await rig.CountReachesAsync("delivered", 1);

        fault = Enum.Parse<DiskFault>(name);
        Assert.StartsWith(reply, await client.TransactAsync("a@source.test", Content, "u1@d0.test"), StringComparison.Ordinal);
        if (!files)
        {
            // The log knows that its disk fails, and says so at MAIL, in every session; what is tried again now and then is a message.
            using var other = await RawClient.GreetedAsync(rig.EndPoint);
            Assert.StartsWith(reply, await other.SayAsync("MAIL FROM:<a@source.test>"), StringComparison.Ordinal);
        }

        fault = null;
        await MtaRig.EventuallyAsync(() => Retry(client, "u2"), () => "the disk is well and mail is still refused");
        await rig.CountReachesAsync("delivered", 2);
        Assert.Equal((2, 0, 0), (rig.Count("accepted"), rig.Count("queued"), rig.Count("failed")));
        Assert.Equal(["u0@d0.test", "u2@d0.test"], rig.Saved().SelectMany(message => message.Recipients));
    }

    [Fact]
    public async Task Mail_that_waits_is_delivered_while_the_disk_takes_nothing()
    {
        var disk = new FakeDisk();
        DiskFault? fault = null;
        disk.Faults = _ => fault;
        await using var rig = await MtaRig.StartAsync(openQueue: options => Open(options.QueueDirectories, disk, files: false));
        await rig.StopSinkAsync();
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        for (var i = 0; i < 20; i++) Assert.StartsWith("250 ", await client.TransactAsync("a@source.test", Content, $"u{i}@d{i % 4}.test"), StringComparison.Ordinal);
        fault = DiskFault.Failed;
        await rig.StartSinkAsync();
        await rig.CountReachesAsync("delivered", 20);
        Assert.Equal((20, 0), (rig.Count("accepted"), rig.Count("queued")));
        fault = null;
    }

    [Fact]
    public async Task A_disk_that_takes_its_time_keeps_who_waits_for_it_and_nobody_else()
    {
        using var disk = new SlowDisk();
        await using var rig = await MtaRig.StartAsync(openQueue: options => new SegmentQueue(options.QueueDirectories, disk, TimeProvider.System, Queue, damaged: null, threads: true));
        disk.Hold();
        var clients = new List<RawClient>();
        try
        {
            var answers = new List<Task<string>>();
            for (var i = 0; i < 20; i++)
            {
                var client = await RawClient.GreetedAsync(rig.EndPoint);
                clients.Add(client);
                answers.Add(client.TransactAsync("a@source.test", Content, $"u{i}@d0.test"));
            }

            // All have said what they had to say, none has heard; and who does not need the disk does not wait.
            using (var other = await RawClient.GreetedAsync(rig.EndPoint)) Assert.StartsWith("250 ", await other.SayAsync("NOOP"), StringComparison.Ordinal);
            await MtaRig.EventuallyAsync(() => disk.Waiting > 0, () => "nothing was synced");
            Assert.DoesNotContain(answers, answer => answer.IsCompleted);
            Assert.Equal(0, rig.Count("accepted"));

            disk.Release();
            Assert.All(await Task.WhenAll(answers), answer => Assert.StartsWith("250 ", answer, StringComparison.Ordinal));
            await rig.CountReachesAsync("delivered", 20);
        }
        finally
        {
            disk.Release();
            foreach (var client in clients) client.Dispose();
        }
    }

    private static bool Retry(RawClient client, string recipient)
    {
        var taken = client.TransactAsync("a@source.test", Content, $"{recipient}@d0.test").GetAwaiter().GetResult().StartsWith("250 ", StringComparison.Ordinal);
        if (!taken) client.SayAsync("RSET").GetAwaiter().GetResult();
        return taken;
    }

    private static MessageQueue Open(IReadOnlyList<string> directories, IDisk disk, bool files)
    {
        // The attempt log lies beside the queue, on the real disk.
        foreach (var directory in directories) Directory.CreateDirectory(directory);
        return files
            ? new FileQueue(directories, disk, TimeProvider.System, Queue, damaged: null, threads: true)
            : new SegmentQueue(directories, disk, TimeProvider.System, Queue, damaged: null, threads: true);
    }
}
