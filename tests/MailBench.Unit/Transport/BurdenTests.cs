using MailBench.Model.Units;
using MailBench.Transport;
using Xunit;

namespace MailBench.Unit.Transport;

/// <summary>A burdened loop wastes the share of its own time that it was told to.</summary>
public sealed class BurdenTests : LoopTest
{
    private const int Turns = 25;
    private const long WorkNs = 2_000_000;

    [Fact]
    public void What_is_wasted_beyond_the_debt_is_taken_off_the_next()
    {
        var burden = new TurnBurden(0.2);
        Assert.Equal(200, burden.Owe(1000));
        burden.Wasted(350);
        Assert.Equal(0, burden.Owe(500));
        Assert.Equal(50, burden.Owe(500));
    }

    [Fact]
    public void What_is_owed_has_a_limit() => Assert.Equal(TurnBurden.MostOwedNs, new TurnBurden(1).Owe(60 * TurnBurden.MostOwedNs));

    [Theory, MemberData(nameof(Loops))]
    public async Task A_loop_with_a_burden_of_a_half_takes_half_as_much_again(bool portable)
    {
        using var loop = Start(portable);
        await On(loop, () => loop.Burden = 0.5);
        var spentNs = await WorkAsync(loop, portable);
        Assert.True(spentNs >= 1.45 * Turns * WorkNs, $"{spentNs / 1e6:0.0} ms");
        // By the thread's own clock no neighbour can add to it; a turn's own upkeep is far below the work in it.
        if (!portable) Assert.True(spentNs <= 1.7 * Turns * WorkNs, $"{spentNs / 1e6:0.0} ms");
    }

    [Fact]
    public async Task A_burden_that_is_taken_away_costs_nothing_more()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs the thread's CPU clock");
        using var loop = Start(portable: false);
        await On(loop, () => loop.Burden = 1);
        await On(loop, () => loop.Burden = 0);
        Assert.True(await WorkAsync(loop, portable: false) <= 1.2 * Turns * WorkNs);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public async Task A_burden_that_is_no_share_is_refused(double share)
    {
        using var loop = Start(portable: false);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => On(loop, () => loop.Burden = share));
    }

    /// <summary>So many turns of so much work, one after the other; what the thread has spent from the first on until after the last, its burden included, by its CPU clock or, where it has none, by the wall's.</summary>
    private static async Task<long> WorkAsync(EventLoop loop, bool portable)
    {
        long Clock() => portable ? MonotonicClock.NowNs : loop.ThreadCpuNs;

        var done = Completion<long>();
        long beganNs = 0;
        var turn = 0;
        loop.Post(Work, null);
        return await done.Task.WaitAsync(TestHandler.Patience);

        void Work(object? state)
        {
            var nowNs = Clock();
            if (turn == 0) beganNs = nowNs;
            if (turn++ == Turns)
            {
                done.SetResult(nowNs - beganNs);
                return;
            }

            while (Clock() - nowNs < WorkNs)
            {
                // The work.
            }

            loop.Post(Work, null);
        }
    }
}
