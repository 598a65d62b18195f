using MailBench.Mta.Queue;
using MailBench.Mta.Queue.Segments;
using MailBench.Testing.Disk;
using Xunit;

namespace MailBench.Crash;

/// <summary>What the log takes of the disk, whatever stays in it.</summary>
public sealed class QueueSpaceTests(ITestOutputHelper output)
{
    private const string Root = "/q";

    /// <summary>Segments beside twice what is live: four before anything is copied, and the one that is written.</summary>
    private const int SegmentsBeside = 5;

    /// <summary>Most goes at once, some stays for long, and now and then a tide takes all: however much the log is ahead then, it comes back by itself, and shrinks when all is gone.</summary>
    [Theory]
    [InlineData(1, 0.1)]
    [InlineData(2, 0.5)]
    [InlineData(3, 0.01)]
    public void The_log_comes_back_to_twice_what_is_live_and_five_segments(int seed, double staying)
    {
        var random = new Random(seed);
        var disk = new FakeDisk(seed);
        var settings = QueueWorkload.Settings;
        var queue = new SegmentQueue([Root], disk, TimeProvider.System, settings, damage => Assert.Fail(damage.ToString()), threads: false);
        var waiting = new List<QueueEntry>();
        var worst = 0.0;
        for (var round = 0; round < 600; round++)
        {
            for (var i = random.Next(4); i > 0; i--) queue.Enqueue(Message(random), (entry, _) => waiting.Add(entry!));
            queue.Turn();
            for (var i = waiting.Count - 1; i >= 0; i--)
            {
                var entry = waiting[i];
                // By its id, a message is one that stays, until a tide takes all.
                var stays = entry.Id.Value * 7919 % 1000 < staying * 1000 && round % 200 != 199;
                if (stays && random.Next(20) > 0) continue;
                entry.Recipients[0].Attempts++;
                entry.Recipients[0].State = stays ? RecipientState.Waiting : RecipientState.Delivered;
                queue.Record(entry, 0);
                if (!stays) waiting.RemoveAt(i);
            }

            queue.Turn(flush: true);
            worst = Math.Max(worst, Beside());
            // A pause, often just after a tide: what is ahead is copied on though nothing arrives.
            if (round % 50 != 0) continue;
            for (var turn = 0; turn < 200 && Beside() > SegmentsBeside; turn++) queue.Turn();
            Assert.InRange(Beside(), double.MinValue, SegmentsBeside);
        }

        foreach (var entry in waiting)
        {
            entry.Recipients[0].State = RecipientState.Delivered;
            queue.Record(entry, 0);
        }

        for (var turn = 0; turn < 200; turn++) queue.Turn(flush: true);
        output.WriteLine($"staying {staying:P0}: twice what was live and {worst:0.0} segments at worst, {Taken(disk) / (double)settings.SegmentBytes:0.0} segments when empty");
        Assert.InRange(Taken(disk), 0, (settings.SpareSegments + 2) * (settings.SegmentBytes + settings.ReserveBytes));

        double Beside() => (Taken(disk) - (2.0 * waiting.Sum(entry => queue.LocationOf(entry).RecordBytes))) / (settings.SegmentBytes + settings.ReserveBytes);
    }

    private static NewMessage Message(Random random) => new() { ReversePath = [], Recipients = ["r@d.test"u8.ToArray()], Content = [new byte[random.Next(4000)]] };

    private static long Taken(FakeDisk disk) => disk.Paths(Root).Sum(path => disk.Content(path).LongLength);
}
