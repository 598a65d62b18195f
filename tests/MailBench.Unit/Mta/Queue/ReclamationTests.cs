using MailBench.Mta.Queue.Segments;
using Xunit;

namespace MailBench.Unit.Mta.Queue;

/// <summary>Which segment is used again, copied, or called; segments of 100 octets.</summary>
public sealed class ReclamationTests
{
    private const int SegmentBytes = 100, Spare = 2;

    [Fact]
    public void What_is_finished_at_the_old_end_is_free_and_the_last_never_is()
    {
        var choice = Choose(Dead(1), Dead(2), Dead(3));
        Assert.Equal((0, 2), (choice.FirstFree, choice.Free));
    }

    [Fact]
    public void What_is_finished_behind_a_segment_that_lives_is_held_by_it()
    {
        var choice = Choose(Dead(1), Live(2, 90), Dead(3), Dead(4), Dead(5));
        Assert.Equal((0, 1), (choice.FirstFree, choice.Free));
    }

    [Fact]
    public void A_called_roll_lets_go_what_is_older_than_it()
    {
        var choice = Choose(Live(1, 90) with { RollFrom = 4 }, Dead(2), Dead(3), Dead(4), Dead(5));
        Assert.Equal((1, 2), (choice.FirstFree, choice.Free));
    }

    [Fact]
    public void What_one_of_two_still_holds_is_not_free()
    {
        var choice = Choose(Live(1, 90) with { RollFrom = 5 }, Dead(2), Live(3, 90), Dead(4), Dead(5));
        Assert.Equal((1, 1), (choice.FirstFree, choice.Free));
    }

    [Fact]
    public void Nothing_is_done_below_twice_what_is_live_and_four_segments() =>
        Assert.Equal(ReclamationStep.None, Choose(Live(1, 100), Dead(2), Dead(3), Dead(4), Dead(5), Dead(6)).Step);

    [Fact]
    public void A_backlog_that_is_whole_is_called_and_not_copied()
    {
        var choice = Choose(Live(1, 100), Live(2, 90), Dead(3), Dead(4), Dead(5), Dead(6), Dead(7), Dead(8), Dead(9));
        Assert.Equal(ReclamationStep.CallRolls, choice.Step);
        Assert.Equal([0, 1], choice.Targets);
    }

    [Fact]
    public void Rolls_are_called_no_further_than_pays()
    {
        // The second holds only what the first has let go of already, but for little; its roll costs as much.
        var choice = Choose(Live(1, 100), Dead(2), Dead(3), Dead(4), Dead(5), Dead(6), Live(7, 100) with { LiveCount = 50, TakenBytes = 2000, LiveBytes = 2000 }, Dead(8) with { TakenBytes = 1 }, Dead(9) with { TakenBytes = 4000 });
        Assert.Equal(ReclamationStep.CallRolls, choice.Step);
        Assert.Equal([0], choice.Targets);
    }

    [Fact]
    public void What_is_mostly_garbage_is_copied_before_rolls_that_cost_more()
    {
        var choice = Choose(Live(1, 100), Live(2, 1), Live(3, 1), Live(4, 1), Live(5, 1), Live(6, 1), Live(7, 1), Dead(8), Dead(9));
        Assert.Equal(ReclamationStep.Copy, choice.Step);
        Assert.Equal([1], choice.Targets);
    }

    [Fact]
    public void One_that_cannot_be_called_is_copied_when_it_holds_what_is_finished()
    {
        var choice = Choose(Live(1, 100) with { Callable = false }, Dead(2), Dead(3), Dead(4), Dead(5), Dead(6), Dead(7), Dead(8));
        Assert.Equal(ReclamationStep.Copy, choice.Step);
        Assert.Equal([0], choice.Targets);
    }

    [Fact]
    public void Free_ones_are_kept_while_the_log_may_take_them_and_deleted_when_it_may_not()
    {
        Assert.False(Choose(Dead(1), Dead(2), Dead(3), Live(4, 100), Live(5, 100), Live(6, 100)).Surplus);
        Assert.True(Choose(Dead(1), Dead(2), Dead(3), Dead(4), Live(5, 50)).Surplus);
        Assert.False(Choose(Dead(1), Dead(2), Dead(3)).Surplus);
    }

    /// <summary>Whatever the log looks like: garbage beyond the bound always has a step that wins some of it, for not much more than an octet written for each.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Beyond_the_bound_there_is_always_a_step(int seed)
    {
        var random = new Random(seed);
        var steps = 0;
        for (var draw = 0; draw < 2_000; draw++)
        {
            var log = new SegmentUse[5 + random.Next(40)];
            for (var i = 0; i < log.Length; i++)
            {
                log[i] = random.Next(3) == 0 ? Dead(i + 1) : Live(i + 1, 1 + random.Next(SegmentBytes));
                if (random.Next(3) == 0) log[i] = log[i] with { RollFrom = i + 1 + random.Next(log.Length - i) };
                if (random.Next(10) == 0) log[i] = log[i] with { Callable = false };
            }

            var choice = Choose(log);
            long taken = log.Sum(one => one.TakenBytes), live = log.Sum(one => one.LiveBytes);
            // Those at the end count whole: the free ones that are spare, and the one that is written.
            var due = choice.Free <= Spare && taken > (2 * live) + (Reclamation.SegmentsBeside * SegmentBytes);
            Assert.Equal(due, choice.Step != ReclamationStep.None);
            if (!due) continue;
            steps++;
            Assert.All(choice.Targets, target => Assert.InRange(log[target].LiveCount, 1, int.MaxValue));
            Assert.All(choice.Targets, target => Assert.InRange(target, 0, log.Length - 2));
        }

        Assert.True(steps > 100, $"only {steps} of the logs drawn are beyond the bound");
    }

    private static Reclamation Choose(params SegmentUse[] segments) => Reclamation.Choose(segments, SegmentBytes, Spare);

    private static SegmentUse Dead(long sequence) => new(sequence, sequence, SegmentBytes, 0, 0, Callable: true);

    private static SegmentUse Live(long sequence, long bytes) => new(sequence, sequence, SegmentBytes, bytes, 1, Callable: true);
}
