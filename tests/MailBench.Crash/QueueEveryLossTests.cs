using System.Globalization;
using MailBench.Model.Options;
using MailBench.Testing.Disk;
using Xunit;

namespace MailBench.Crash;

/// <summary>
/// Every prefix of the disk operations of a small life, and of each every legal loss of what was not synced: each write lost, kept, or torn at sectors in each way there is; each creation, renaming
/// and deletion lost or kept; in all combinations. Where they are more than <see cref="Limit"/>, so many are drawn. <c>MAILBENCH_POWER_CUTS=1000000</c> in the environment raises that.
/// Larger lives are sampled in <see cref="QueuePowerCutTests"/>.
/// </summary>
public sealed class QueueEveryLossTests(ITestOutputHelper output)
{
    private const int Rounds = 12;

    /// <summary>For a life in which a backlog stays: until its rolls have been called and what they let go is used again.</summary>
    private const int ColdRounds = 20, ColdMessages = 6;
    private static readonly int Limit = int.Parse(Environment.GetEnvironmentVariable("MAILBENCH_POWER_CUTS") ?? "600", CultureInfo.InvariantCulture);

    public static MatrixTheoryData<QueueBackend, int> Seeds => new([QueueBackend.Segments, QueueBackend.Files], [1, 2]);

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Acknowledged_is_there_and_the_rest_is_whole_or_absent_whatever_a_power_cut_loses(QueueBackend backend, int seed) => CheckEveryLoss(backend, seed, cold: false);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void So_it_is_while_the_rolls_of_a_backlog_are_called(int seed)
    {
        var (_, _, disk) = RunUntil(QueueBackend.Segments, seed, 0, cold: true);
        Assert.True(QueueWorkload.RollsOn(disk, "/q/a") > 0, "no roll was called");
        CheckEveryLoss(QueueBackend.Segments, seed, cold: true);
    }

    private void CheckEveryLoss(QueueBackend backend, int seed, bool cold)
    {
        var (operations, whole, _) = RunUntil(backend, seed, 0, cold);
        Assert.True(whole.Acknowledged > Rounds / 2);
        long checks = 0, exhaustive = 0;
        for (var cut = 1L; cut <= operations + 1; cut++)
        {
            var (_, book, disk) = RunUntil(backend, seed, cut, cold);
            var every = new EveryChoice();
            var count = 0;
            do Check(disk.AfterPowerCut(every), $"loss {count}");
            while (++count < Limit && every.Advance());
            checks += count;
            if (count < Limit) exhaustive++;
            else
                for (var draw = 0; draw < Limit; draw++, checks++) Check(disk.AfterPowerCut(new Random(draw)), $"drawn loss {draw}");

            void Check(FakeDisk survivor, string loss)
            {
                var story = $"{backend} seed {seed} cut {cut} {loss}";
                book.Check(QueueWorkload.Open(backend, survivor, damage => Assert.Fail($"{story}: {damage}"), small: true).Queue, settled: false, story);
            }
        }

        output.WriteLine($"{backend}, seed {seed}: {operations} operations, {whole.Acknowledged} messages acknowledged; {checks} losses checked, all there are at {exhaustive} of {operations + 1} instants");
        Assert.True(exhaustive > operations * 3 / 4, $"only {exhaustive} of {operations} instants are gone through whole");
    }

    /// <param name="cut">The operation before which the power goes off; 0: never.</param>
    private static (long Operations, QueueBook Book, FakeDisk Disk) RunUntil(QueueBackend backend, int seed, long cut, bool cold)
    {
        var disk = new FakeDisk(seed) { CutAt = cut };
        var book = new QueueBook();
        try
        {
            new QueueWorkload(seed, book, small: true, cold ? ColdMessages : 0).Run(QueueWorkload.Open(backend, disk, small: true), cold ? ColdRounds : Rounds);
        }
        catch (PowerCutException)
        {
            // As planned.
        }

        return (disk.Operations, book, disk);
    }
}
