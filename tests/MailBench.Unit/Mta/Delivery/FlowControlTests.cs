using MailBench.Mta.Delivery;
using Xunit;

namespace MailBench.Unit.Mta.Delivery;

public class FlowControlTests
{
    private const long Ms = 1_000_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    [Theory]
    [InlineData(0, 1)]
    [InlineData(240, 1)]
    [InlineData(500, 0.5)]
    [InlineData(1000, 0.25)]
    [InlineData(3_600_000, FlowControl.LeastShare)]
    public void Acceptance_has_the_less_the_longer_recipients_waited(int waitMs, double share)
    {
        var flow = new FlowControl(Patience);
        Run(flow, seconds: 3, step => flow.Began(waitMs * Ms, recipients: 1));
        Assert.InRange(flow.Share, share * 0.99, Math.Min(1, share * 1.01));
    }

    [Fact]
    public void Acceptance_has_all_again_soon_after_delivery_has_caught_up_or_has_nothing_to_do()
    {
        var caughtUp = new FlowControl(Patience);
        Run(caughtUp, 3, _ => caughtUp.Began(10_000 * Ms, 1));
        Run(caughtUp, 2, _ => caughtUp.Began(Ms, 1), fromSecond: 3);
        Assert.Equal(1, caughtUp.Share);

        var idle = new FlowControl(Patience);
        Run(idle, 3, _ => idle.Began(10_000 * Ms, 1));
        idle.Step(8_000 * Ms);
        Assert.Equal(1, idle.Share);
    }

    [Fact]
    public void A_slow_site_is_not_held_against_the_others()
    {
        // A site at 50 transactions a second whose queue is an hour long, beside others at 5,000 a second that wait for nothing.
        var flow = new FlowControl(Patience);
        Run(flow, 3, step =>
        {
            flow.Began(3_600_000 * Ms, 1);
            for (var i = 0; i < 100; i++) flow.Began(Ms, 1);
        });
        Assert.Equal(1, flow.Share);
    }

    [Fact]
    public void Without_patience_acceptance_takes_what_it_can()
    {
        var flow = new FlowControl(TimeSpan.Zero);
        Run(flow, 3, _ => flow.Began(10_000 * Ms, 1));
        Assert.Equal(1, flow.Share);
    }

    private static void Run(FlowControl flow, int seconds, Action<int> step, int fromSecond = 0)
    {
        for (var i = 0; i < seconds * 50; i++)
        {
            step(i);
            flow.Step(((fromSecond * 1000L) + (i * 20L) + 20) * Ms);
        }
    }
}
