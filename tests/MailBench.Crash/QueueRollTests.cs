using System.Buffers.Binary;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Mta.Queue;
using MailBench.Mta.Queue.Disk;
using MailBench.Mta.Queue.Segments;
using MailBench.Testing.Disk;
using Xunit;

namespace MailBench.Crash;

/// <summary>A backlog whose rolls are called, beside mail that comes and goes: no promise is broken at a power cut, at a fault, or where a roll is damaged.</summary>
public sealed class QueueRollTests
{
    private const string Root = "/q/a";
    private const int Rounds = 40, ColdMessages = 12;

    [Theory]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(33)]
    public void Keeps_its_promises_over_many_lives_with_a_backlog(int seed)
    {
        var random = new Random(seed);
        var rolls = 0;
        for (var repetition = 0; repetition < 30; repetition++)
        {
            var book = new QueueBook();
            var disk = new FakeDisk(random.Next()) { Allocates = repetition % 2 == 0 };
            for (var life = 0; life < 6; life++)
            {
                var story = $"seed {seed} repetition {repetition} life {life}";
                var killed = random.Next(3) == 0;
                if (life > 0) disk = killed ? disk.AfterKill() : disk.AfterPowerCut(random);
                disk.CutAt = 1 + random.Next(400);
                try
                {
                    var queue = Open(disk, story);
                    book.Check(queue.Queue, settled: !killed, story);
                    new QueueWorkload(random.Next(), book, small: true, life % 2 == 0 ? ColdMessages : 0).Run(queue, Rounds);
                }
                catch (PowerCutException)
                {
                    // The next life begins with what is left.
                }

                rolls += QueueWorkload.RollsOn(disk, Root);
            }
        }

        Assert.True(rolls > 100, $"only {rolls} rolls");
    }

    [Theory]
    [InlineData(DiskFault.Failed)]
    [InlineData(DiskFault.Full)]
    public void Keeps_its_promises_when_any_operation_fails_beside_a_backlog(DiskFault fault)
    {
        const int seed = 41;
        var (operations, opened) = Live(operation => null, out _, out var whole);
        Assert.True(QueueWorkload.RollsOn(whole, Root) > 0);
        for (var failing = opened + 1; failing <= operations; failing++)
        {
            var story = $"{fault} at {failing}";
            Live(operation => operation == failing ? fault : null, out var book, out var disk);
            for (var loss = 0; loss < 2; loss++)
                book.Check(Open(disk.AfterPowerCut(new Random((int)failing + loss)), story).Queue, settled: false, story);
        }

        (long Operations, long Opened) Live(Func<long, DiskFault?> faults, out QueueBook book, out FakeDisk disk)
        {
            (book, disk) = (new QueueBook(), new FakeDisk(seed) { Faults = faults });
            var queue = Open(disk, "");
            var before = disk.Operations;
            new QueueWorkload(seed, book, small: true, ColdMessages).Run(queue, Rounds);
            return (disk.Operations, before);
        }
    }

    [Fact]
    public void A_damaged_roll_is_reported_and_loses_nothing()
    {
        var disk = new FakeDisk();
        var book = new QueueBook();
        new QueueWorkload(51, book, small: true, ColdMessages).Run(Open(disk, ""), Rounds);
        var damages = new List<QueueDamage>();
        var hits = 0;
        foreach (var path in disk.Paths(Root))
        {
            var octets = disk.Content(path);
            Assert.True(SegmentHeader.TryRead(octets, path, out var header));
            for (var at = SegmentHeader.Bytes; at < octets.Length; at += RecordHeader.Alignment)
            {
                if (!RecordHeader.TryRead(octets.AsSpan(at), header.Salt, at, out var record) || record.Type != RecordType.Roll) continue;
                disk.Damage(path, at + RecordHeader.Bytes, [0xFF, 0xFF]);
                hits++;
            }
        }

        Assert.True(hits > 0);
        var (queue, _) = QueueWorkload.Open(QueueBackend.Segments, disk.AfterKill(), damages.Add, small: true);
        Assert.NotEmpty(damages);
        var found = queue.Recovered.Select(entry => entry.Id).ToHashSet();
        Assert.All(book.Unfinished, known => Assert.Contains(known.Entry!.Id, found));
    }

    [Fact]
    public void A_queue_of_format_1_is_carried_on_and_one_of_a_later_format_is_refused()
    {
        var disk = new FakeDisk();
        var book = new QueueBook();
        // Before any roll is called: so it is in format 1.
        new QueueWorkload(61, book, small: true).Run(Open(disk, ""), rounds: 2);
        Assert.Equal(0, QueueWorkload.RollsOn(disk, Root));
        SetVersion(disk, 1);
        var again = Open(disk.AfterKill(), "format 1");
        book.Check(again.Queue, settled: false, "format 1");
        new QueueWorkload(62, book, small: true, ColdMessages).Run(again, Rounds);

        SetVersion(disk, SegmentHeader.Version + 1);
        Assert.Contains("format 3", Assert.Throws<NodeRefusedException>(() => Open(disk.AfterKill(), "format 3")).Message, StringComparison.Ordinal);
    }

    private static void SetVersion(FakeDisk disk, ushort version)
    {
        foreach (var path in disk.Paths(Root))
        {
            var header = disk.Content(path).AsSpan(0, 60).ToArray();
            BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), version);
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(56), Crc32C.Append(0, header.AsSpan(0, 56)));
            disk.Damage(path, 0, header);
            disk.Damage(path, 2048, header);
        }
    }

    private static (MessageQueue Queue, Action Turn) Open(FakeDisk disk, string story) =>
        QueueWorkload.Open(QueueBackend.Segments, disk, damage => Assert.Fail($"{story}: {damage}"), small: true);
}
