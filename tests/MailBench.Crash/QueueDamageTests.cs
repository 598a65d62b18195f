using System.Text;
using MailBench.Mta.Queue;
using MailBench.Mta.Queue.Disk;
using MailBench.Mta.Queue.Segments;
using MailBench.Testing.Disk;
using Xunit;

namespace MailBench.Crash;

public sealed class QueueDamageTests
{
    private const string Root = "/q";
    private readonly List<QueueDamage> _damages = [];

    [Fact]
    public void Isolates_a_corrupt_record_and_reports_file_and_offset()
    {
        var disk = new FakeDisk();
        var queue = Open(disk);
        var entries = Enumerable.Range(0, 5).Select(i => Enqueue(queue, $"message {i} {new string('x', 700)}")).ToArray();
        var location = queue.LocationOf(entries[2]);
        disk.Damage(location.Segment.Path, location.ContentOffset + 100, "damage"u8);

        var again = Open(disk.AfterKill());
        Assert.Equal([0, 1, 3, 4], again.Recovered.Select(entry => Array.FindIndex(entries, known => known.Id == entry.Id)));
        var damage = Assert.Single(_damages);
        Assert.Equal((location.Segment.Path, location.RecordOffset), (damage.Path, damage.StartOffset));
        Assert.Contains(damage.Path, damage.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(12)]
    [InlineData(28)]
    public void Goes_on_after_a_corrupt_record_header(int octet)
    {
        var disk = new FakeDisk();
        var queue = Open(disk);
        var entries = Enumerable.Range(0, 4).Select(i => Enqueue(queue, $"message {i} {new string('x', 700)}")).ToArray();
        var location = queue.LocationOf(entries[1]);
        var at = location.RecordOffset + octet;
        disk.Damage(location.Segment.Path, at, [(byte)~disk.Content(location.Segment.Path)[at]]);

        var again = Open(disk.AfterKill());
        Assert.Equal([0, 2, 3], again.Recovered.Select(entry => Array.FindIndex(entries, known => known.Id == entry.Id)));
        Assert.Equal(location.RecordOffset, Assert.Single(_damages).StartOffset);
    }

    [Fact]
    public void Reads_the_second_copy_of_a_damaged_segment_header()
    {
        var disk = new FakeDisk();
        var queue = Open(disk);
        var entry = Enqueue(queue, "kept");
        disk.Damage(queue.LocationOf(entry).Segment.Path, 20, new byte[20]);
        Assert.Equal(entry.Id, Assert.Single(Open(disk.AfterKill()).Recovered).Id);
        Assert.Empty(_damages);
    }

    [Fact]
    public void Reports_a_segment_without_any_header_and_serves_the_rest()
    {
        var disk = new FakeDisk();
        var queue = Open(disk);
        var first = Enqueue(queue, new string('x', 30_000));
        var second = Enqueue(queue, new string('y', 30_000));
        disk.Damage(queue.LocationOf(first).Segment.Path, 0, new byte[4096]);
        Assert.Equal(second.Id, Assert.Single(Open(disk.AfterKill()).Recovered).Id);
        Assert.Equal(0, Assert.Single(_damages).StartOffset);
    }

    [Fact]
    public void Does_not_take_octets_of_a_message_for_a_record()
    {
        // A whole valid record of another queue, inside a message whose own header is then damaged.
        var other = new FakeDisk();
        var donor = Open(other);
        var location = donor.LocationOf(Enqueue(donor, "planted"));
        var forged = other.Content(location.Segment.Path).AsSpan((int)location.RecordOffset, (int)location.RecordBytes).ToArray();

        var disk = new FakeDisk();
        var queue = Open(disk);
        var content = new byte[4096];
        for (var at = 0; at + forged.Length <= content.Length; at += 32) forged.CopyTo(content.AsSpan(at));
        var carrier = Enqueue(queue, Encoding.Latin1.GetString(content));
        var last = Enqueue(queue, "last");
        var carrierAt = queue.LocationOf(carrier);
        disk.Damage(carrierAt.Segment.Path, carrierAt.RecordOffset, [0]);
        Assert.Equal(last.Id, Assert.Single(Open(disk.AfterKill()).Recovered).Id);
        Assert.Single(_damages);
    }

    [Fact]
    public void A_torn_group_is_no_damage_behind_one_that_fills_its_block()
    {
        var disk = new FakeDisk();
        var queue = Open(disk);
        var probe = Enqueue(queue, "");
        var full = Enqueue(queue, new string('x', (int)(4096 - 32 - Envelope.BytesOf(probe))));
        Assert.Equal(4096, queue.LocationOf(full).RecordBytes);
        QueueEntry? torn = null;
        for (var i = 0; i < 2; i++)
        {
            var message = new NewMessage { ReversePath = [], Recipients = ["r@d.test"u8.ToArray()], Content = [new byte[700]] };
            queue.Enqueue(message, (committed, _) => torn ??= committed);
        }

        queue.Turn();
        var location = queue.LocationOf(torn!);
        disk.Damage(location.Segment.Path, location.RecordOffset, [0]);
        Assert.Equal([probe.Id, full.Id], Open(disk.AfterKill()).Recovered.Select(entry => entry.Id));
        Assert.Empty(_damages);
    }

    [Fact]
    public void Refused_messages_do_not_come_back_once_the_queue_has_gone_on()
    {
        var disk = new FakeDisk();
        var queue = Open(disk);
        var kept = Enqueue(queue, "kept");
        var failing = disk.Operations + 2;
        disk.Faults = operation => operation == failing ? DiskFault.Failed : null;
        var refused = Assert.Throws<QueueRefusedException>(() => Enqueue(queue, "refused, though written whole"));
        Assert.Equal(QueueRefusal.DiskFailed, refused.Refusal);
        var after = Enqueue(queue, "after");
        Assert.Equal([kept.Id, after.Id], Open(disk.AfterKill()).Recovered.Select(entry => entry.Id));
        Assert.Empty(_damages);
    }

    [Fact]
    public void Serves_what_it_has_on_a_full_disk_and_accepts_again_when_that_is_delivered()
    {
        var disk = new FakeDisk { CapacityBytes = 200_000 };
        var queue = Open(disk);
        for (var round = 0; round < 20; round++)
        {
            var entries = new List<QueueEntry>();
            var refused = Assert.Throws<QueueRefusedException>(void () =>
            {
                for (var i = 0; i < 1000; i++) entries.Add(Enqueue(queue, new string('x', 3000)));
            });
            Assert.Equal(QueueRefusal.DiskFull, refused.Refusal);
            Assert.True(entries.Count > 10, $"round {round}: only {entries.Count} messages fit");
            foreach (var entry in entries)
            {
                Assert.Equal("xxx"u8, Read(queue, entry)[..3]);
                entry.Recipients[0].State = RecipientState.Delivered;
                queue.Record(entry, 0);
                queue.Turn();
            }
        }

        Assert.Empty(Open(disk.AfterPowerCut(new Random(1))).Recovered);
    }

    [Fact]
    public void Answers_each_message_once_while_the_disk_is_left_alone_after_a_failure()
    {
        var disk = new FakeDisk();
        var queue = new SegmentQueue([Root], disk, TimeProvider.System, QueueWorkload.Settings with { FailureDelay = TimeSpan.FromHours(1) }, _damages.Add, threads: false);
        var answers = new List<string>();
        Give("good");
        disk.Faults = _ => DiskFault.Full;
        Give("meets the fault");
        var operations = disk.Operations;
        Give("refused at once");
        Assert.Equal(operations, disk.Operations);
        Assert.Equal(["good ", "meets the fault DiskFull", "refused at once DiskFull"], answers);

        void Give(string content)
        {
            // More than the first zone holds, so that the disk is asked for space.
            var message = new NewMessage { ReversePath = [], Recipients = ["r@d.test"u8.ToArray()], Content = [new byte[9000]] };
            queue.Enqueue(message, (_, failed) => answers.Add($"{content} {(failed as QueueRefusedException)?.Refusal}"));
            queue.Turn();
        }
    }

    [Fact]
    public void Accepts_on_the_other_device_while_one_fails()
    {
        var disk = new FakeDisk { Devices = path => path == "/q" ? 1UL : 2UL };
        var queue = new SegmentQueue(["/q", "/r"], disk, TimeProvider.System, QueueWorkload.Settings with { FailureDelay = TimeSpan.FromHours(1) }, _damages.Add, threads: false);
        var written = disk.Operations;
        disk.Faults = operation => operation == written + 1 ? DiskFault.Failed : null;
        Assert.Throws<QueueRefusedException>(() => Enqueue(queue, "meets the fault"));
        for (var i = 0; i < 6; i++) Enqueue(queue, "goes to the other device");
    }

    [Fact]
    public void A_message_that_stays_does_not_pin_the_log()
    {
        var disk = new FakeDisk();
        var queue = Open(disk);
        var stubborn = Enqueue(queue, "stays " + new string('s', 2000));
        stubborn.Recipients[0].Attempts = 3;
        stubborn.Recipients[0].Reason = "450 later";
        queue.Record(stubborn, 0);
        for (var i = 0; i < 400; i++)
        {
            var entry = Enqueue(queue, new string('x', 3000));
            entry.Recipients[0].State = RecipientState.Delivered;
            queue.Record(entry, 0);
            queue.Turn();
        }

        Assert.InRange(disk.Paths(Root).Sum(path => (long)disk.Content(path).Length), 0, 7 * QueueWorkload.Settings.SegmentBytes);
        Assert.StartsWith("stays", Encoding.Latin1.GetString(Read(queue, stubborn)), StringComparison.Ordinal);
        var found = Assert.Single(Open(disk.AfterPowerCut(new Random(2))).Recovered);
        Assert.Equal((stubborn.Id, 3, "450 later"), (found.Id, found.Recipients[0].Attempts, found.Recipients[0].Reason));
    }

    private SegmentQueue Open(FakeDisk disk) => new([Root], disk, TimeProvider.System, QueueWorkload.Settings, _damages.Add, threads: false);

    private static QueueEntry Enqueue(SegmentQueue queue, string content)
    {
        QueueEntry? entry = null;
        Exception? error = null;
        var message = new NewMessage { ReversePath = [], Recipients = ["r@d.test"u8.ToArray()], Content = [Encoding.Latin1.GetBytes(content)] };
        queue.Enqueue(message, (committed, failed) => (entry, error) = (committed, failed));
        queue.Turn();
        return error is null ? entry! : throw error;
    }

    private static byte[] Read(SegmentQueue queue, QueueEntry entry)
    {
        var content = new byte[entry.ContentBytes];
        Assert.Equal(content.Length, queue.ReadContent(entry, 0, content));
        return content;
    }
}
