using MailBench.Mta.Queue;
using MailBench.Mta.Queue.Segments;
using MailBench.Testing.Disk;
using Xunit;

namespace MailBench.Crash;

/// <summary>A backlog that stays beside mail that is delivered at once: what the log takes, and how much of it is written again for each octet of new mail.</summary>
public sealed class QueueChurnTests(ITestOutputHelper output)
{
    private const string Root = "/q";
    private const int Backlog = 2_000, Turns = 1_500, PerTurn = 12;

    /// <summary>Octets written beside those of the same mail without a backlog: rolls are some 3 % of messages of 1 KiB for each time that new mail has filled as much as the backlog.</summary>
    private const double MostWrittenAgain = 0.1;

    private static readonly QueueSettings Settings = QueueWorkload.Settings with { SegmentBytes = 256 << 10, CompactionBytes = 64 << 10, ZoneStepBytes = 64 << 10, SpareSegments = 2 };

    /// <param name="deferred">Of the backlog, messages whose state changes with each turn.</param>
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 3)]
    [InlineData(3, 12)]
    public void New_mail_is_not_paid_for_with_copies_of_a_backlog_and_the_log_stays_within_its_bound(int seed, int deferred)
    {
        var alone = Churn(seed, backlog: 0, deferred);
        var beside = Churn(seed, Backlog, deferred);
        var again = (beside.Written - alone.Written) / (double)alone.Written;
        output.WriteLine($"{deferred} deferred a turn: {alone.Written:N0} octets alone, {again:P1} more beside a backlog of {beside.Live:N0}; at most twice what is live and {beside.Worst:0.0} segments");
        Assert.InRange(beside.Worst, 0, 6);
        Assert.InRange(again, 0, MostWrittenAgain);
        Assert.True(beside.Written > 4 * beside.Live, "too little new mail to tell");
    }

    private static (long Written, long Live, double Worst) Churn(int seed, int backlog, int deferred)
    {
        var random = new Random(seed);
        var disk = new FakeDisk(seed);
        var queue = new SegmentQueue([Root], disk, TimeProvider.System, Settings, damage => Assert.Fail(damage.ToString()), threads: false);
        var cold = new List<QueueEntry>();
        for (var i = 0; i < backlog; i++)
        {
            Enqueue(cold);
            if (i % 32 == 0) queue.Turn();
        }

        // Without a backlog the same states are written, of one message.
        if (backlog == 0) Enqueue(cold);
        queue.Turn(flush: true);
        long live = cold.Sum(entry => queue.LocationOf(entry).RecordBytes), before = queue.BytesWritten;
        var worst = 0.0;
        var hot = new List<QueueEntry>();
        for (var turn = 0; turn < Turns; turn++)
        {
            for (var i = 0; i < PerTurn; i++) Enqueue(hot);
            queue.Turn();
            foreach (var entry in hot) Record(entry, RecipientState.Delivered);
            hot.Clear();
            for (var i = 0; i < deferred; i++) Record(cold[random.Next(cold.Count)], RecipientState.Waiting);
            worst = Math.Max(worst, (disk.Paths(Root).Sum(path => disk.Length(path)) - (2.0 * live)) / Settings.SegmentBytes);
        }

        return (queue.BytesWritten - before, live, worst);

        void Enqueue(List<QueueEntry> to)
        {
            var message = new NewMessage { ReversePath = [], Recipients = ["r@d.test"u8.ToArray()], Content = [new byte[1024]] };
            queue.Enqueue(message, (entry, _) => to.Add(entry!));
        }

        void Record(QueueEntry entry, RecipientState state)
        {
            entry.Recipients[0].Attempts++;
            entry.Recipients[0].State = state;
            entry.Recipients[0].Reason = "mx0.dead.test[127.0.0.9]: connection refused.";
            queue.Record(entry, 0);
        }
    }
}
