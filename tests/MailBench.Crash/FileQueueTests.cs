using System.Text;
using MailBench.Model.Nodes;
using MailBench.Mta.Queue;
using MailBench.Mta.Queue.Disk;
using MailBench.Mta.Queue.Files;
using MailBench.Mta.Queue.Segments;
using MailBench.Testing.Disk;
using Xunit;

namespace MailBench.Crash;

/// <summary>What is the files backend's own; its promises over power cuts are in <see cref="QueuePowerCutTests"/>.</summary>
public sealed class FileQueueTests
{
    private const string Root = "/q";
    private readonly List<QueueDamage> _damages = [];

    [Fact]
    public void Isolates_a_damaged_message_and_reports_its_file()
    {
        var disk = new FakeDisk();
        var queue = Open(disk);
        var entries = Enumerable.Range(0, 4).Select(i => Enqueue(queue, $"message {i} {new string('x', 700)}")).ToArray();
        var (content, head) = ((FilePlace)entries[1].Place!, (FilePlace)entries[2].Place!);
        disk.Damage(content.Path, content.ContentOffset + 100, "damage"u8);
        disk.Damage(head.Path, 9, [0xAA]);
        Assert.Equal([entries[0].Id, entries[3].Id], Open(disk.AfterKill()).Recovered.Select(entry => entry.Id));
        Assert.Equal([content.Path, head.Path], _damages.Select(damage => damage.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_state_that_is_cut_off_or_of_another_chain_does_not_count()
    {
        var disk = new FakeDisk();
        var queue = Open(disk);
        var entry = Enqueue(queue, "content");
        Defer(queue, entry, 1);
        var place = (FilePlace)entry.Place!;
        var (first, firstSum) = (place.End, place.Sum);
        Defer(queue, entry, 2);
        // The first octet of the second record's length is lost, as by a torn write.
        disk.Damage(place.Path, first, [0]);
        Assert.NotEqual(firstSum, place.Sum);
        var again = Open(disk.AfterKill());
        var recovered = Assert.Single(again.Recovered);
        Assert.Equal(1, recovered.Recipients[0].Attempts);
        Defer(again, recovered, 7);
        Assert.Equal(7, Assert.Single(Waiting(disk)).Recipients[0].Attempts);
        Assert.Empty(_damages);
    }

    [Fact]
    public void Deletes_what_is_finished_and_what_was_being_written()
    {
        var disk = new FakeDisk();
        var queue = Open(disk);
        var entry = Enqueue(queue, "delivered");
        disk.Create(Path.Combine(Root, "ZZ.tmp")).Dispose();
        entry.Recipients[0].State = RecipientState.Delivered;
        queue.Record(entry, 0);
        queue.Turn();
        var next = Open(disk.AfterKill());
        Assert.Equal([Path.Combine(Root, FileDirectory.IdsName)], disk.Paths(Root));
        Assert.True(Enqueue(next, "next").Id.Value > entry.Id.Value);
    }

    [Fact]
    public void Accepts_in_the_other_directories_while_one_fails()
    {
        var disk = new FakeDisk();
        var queue = new FileQueue(["/q", "/r"], disk, TimeProvider.System, QueueWorkload.Settings with { FailureDelay = TimeSpan.FromHours(1) }, _damages.Add, threads: false);
        var written = disk.Operations;
        disk.Faults = operation => operation == written + 1 ? DiskFault.Failed : null;
        Assert.Throws<QueueRefusedException>(() => Enqueue(queue, "meets the fault"));
        var places = Enumerable.Range(0, 6).Select(_ => ((FilePlace)Enqueue(queue, "goes to the other").Place!).Directory.Path).Distinct();
        Assert.Single(places);
    }

    [Fact]
    public void A_full_disk_refuses_and_takes_again_what_fits_after_deliveries()
    {
        var disk = new FakeDisk { CapacityBytes = 20_000 };
        var queue = Open(disk);
        for (var round = 0; round < 5; round++)
        {
            var entries = new List<QueueEntry>();
            var refused = Assert.Throws<QueueRefusedException>(void () =>
            {
                for (var i = 0; i < 1000; i++) entries.Add(Enqueue(queue, new string('x', 3000)));
            });
            Assert.Equal(QueueRefusal.DiskFull, refused.Refusal);
            Assert.Equal(6, entries.Count);
            foreach (var entry in entries)
            {
                entry.Recipients[0].State = RecipientState.Delivered;
                queue.Record(entry, 0);
            }

            queue.Turn();
        }
    }

    [Fact]
    public void Backends_do_not_open_each_others_directories()
    {
        var disk = new FakeDisk();
        Enqueue(Open(disk), "kept in a file");
        Assert.Contains("backend files", Assert.Throws<NodeRefusedException>(() => new SegmentQueue([Root], disk.AfterKill(), TimeProvider.System, QueueWorkload.Settings, null, threads: false)).Message, StringComparison.Ordinal);

        var other = new FakeDisk();
        _ = new SegmentQueue([Root], other, TimeProvider.System, QueueWorkload.Settings, null, threads: false);
        Assert.Contains("backend segments", Assert.Throws<NodeRefusedException>(() => Open(other.AfterKill())).Message, StringComparison.Ordinal);
    }

    private FileQueue Open(FakeDisk disk) => new([Root], disk, TimeProvider.System, QueueWorkload.Settings, _damages.Add, threads: false);

    private static IReadOnlyList<QueueEntry> Waiting(FakeDisk disk)
    {
        using var inspection = QueueInspection.Read(Root, disk);
        return [.. inspection.Entries];
    }

    private static void Defer(FileQueue queue, QueueEntry entry, int attempts)
    {
        entry.Recipients[0].Attempts = attempts;
        entry.Recipients[0].Reason = "450 later";
        queue.Record(entry, 0);
        queue.Turn();
    }

    private static QueueEntry Enqueue(FileQueue queue, string content)
    {
        QueueEntry? entry = null;
        Exception? error = null;
        var message = new NewMessage { ReversePath = [], Recipients = ["r@d.test"u8.ToArray()], Content = [Encoding.Latin1.GetBytes(content)] };
        queue.Enqueue(message, (committed, failed) => (entry, error) = (committed, failed));
        queue.Turn();
        return error is null ? entry! : throw error;
    }
}
