using MailBench.Model.Options;
using MailBench.Mta.Queue;
using MailBench.Mta.Queue.Disk;
using MailBench.Testing.Disk;
using Xunit;

namespace MailBench.Crash;

public sealed class QueuePowerCutTests
{
    private const int Rounds = 24;

    public static MatrixTheoryData<QueueBackend, int> Seeds => new([QueueBackend.Segments, QueueBackend.Files], [11, 12, 13]);

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Keeps_its_promises_when_the_power_is_cut_at_any_operation(QueueBackend backend, int seed)
    {
        var (operations, _) = RunUntil(backend, seed, 0);
        for (var cut = 1L; cut <= operations; cut++)
            for (var loss = 0; loss < 2; loss++)
            {
                var (_, life) = RunUntil(backend, seed, cut);
                var story = $"seed {seed} cut {cut} loss {loss}";
                var random = new Random(HashCode.Combine(seed, (int)cut, loss));
                var disk = life.Disk.AfterPowerCut(random);
                life.Book.Check(QueueWorkload.Open(backend, disk, damage => Assert.Fail($"{story}: {damage}")).Queue, settled: true, story);
                // And once more from what recovery itself has left behind, cut again.
                disk = disk.AfterPowerCut(random);
                life.Book.Check(QueueWorkload.Open(backend, disk, damage => Assert.Fail($"{story} twice: {damage}")).Queue, settled: true, story + " twice");
            }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Keeps_its_promises_over_many_lives(QueueBackend backend, int seed)
    {
        for (var repetition = 0; repetition < 20; repetition++)
        {
            var random = new Random(HashCode.Combine(seed, repetition));
            var book = new QueueBook();
            var disk = QueueWorkload.NewDisk(random.Next());
            for (var life = 0; life < 8; life++)
            {
                var story = $"seed {seed} repetition {repetition} life {life}";
                var killed = random.Next(3) == 0;
                if (life > 0) disk = killed ? disk.AfterKill() : disk.AfterPowerCut(random);
                disk.CutAt = 1 + random.Next(250);
                try
                {
                    var queue = QueueWorkload.Open(backend, disk, damage => Assert.Fail($"{story}: {damage}"));
                    book.Check(queue.Queue, settled: !killed, story);
                    new QueueWorkload(random.Next(), book).Run(queue, Rounds);
                }
                catch (PowerCutException)
                {
                    // The next life begins with what is left.
                }
            }
        }
    }

    [Theory]
    [InlineData(QueueBackend.Segments, DiskFault.Failed)]
    [InlineData(QueueBackend.Segments, DiskFault.Full)]
    [InlineData(QueueBackend.Segments, DiskFault.ReadOnly)]
    [InlineData(QueueBackend.Files, DiskFault.Failed)]
    [InlineData(QueueBackend.Files, DiskFault.Full)]
    [InlineData(QueueBackend.Files, DiskFault.ReadOnly)]
    public void Keeps_its_promises_when_any_operation_fails_and_the_power_is_cut_later(QueueBackend backend, DiskFault fault)
    {
        const int seed = 21;
        var (operations, whole) = RunUntil(backend, seed, 0);
        Assert.Equal(0, whole.Book.Refused);
        var refused = 0;
        for (var failing = whole.Opened + 1; failing <= operations; failing++)
        {
            var story = $"{fault} at {failing}";
            var life = new Life(backend, seed);
            life.Disk.Faults = operation => operation == failing ? fault : null;
            life.Run(Rounds);
            var before = life.Book.Acknowledged;
            // The disk is well again: the queue must take messages without a restart.
            new QueueWorkload(seed + 1, life.Book).Run(life.Queue, 12);
            Assert.True(life.Book.Acknowledged > before, $"{story}: nothing is accepted any more ({life.Book.Acknowledged} of {before}, {life.Disk.Operations})");
            refused += life.Book.Refused;

            var disk = life.Disk.AfterPowerCut(new Random((int)failing));
            life.Book.Check(QueueWorkload.Open(backend, disk, damage => Assert.Fail($"{story}: {damage}")).Queue, settled: true, story);
        }

        Assert.True(refused > 0);
    }

    private static (long Operations, Life Life) RunUntil(QueueBackend backend, int seed, long cut)
    {
        var life = new Life(backend, seed);
        life.Disk.CutAt = cut;
        life.Run(Rounds);
        return (life.Disk.Operations, life);
    }

    private sealed class Life(QueueBackend backend, int seed)
    {
        public FakeDisk Disk { get; } = QueueWorkload.NewDisk(seed);
        public QueueBook Book { get; } = new();
        public (MessageQueue Queue, Action Turn) Queue { get; private set; }

        /// <summary>Operations that opening took.</summary>
        public long Opened { get; private set; }

        public void Run(int rounds)
        {
            try
            {
                Queue = QueueWorkload.Open(backend, Disk);
                Opened = Disk.Operations;
                new QueueWorkload(seed, Book).Run(Queue, rounds);
            }
            catch (PowerCutException)
            {
                // As planned.
            }
        }
    }
}
