using MailBench.Transport;
using Xunit;

namespace MailBench.Unit.Transport;

public sealed class WakeLeadTests
{
    [Fact]
    public void Follows_the_lower_quartile_of_what_wake_ups_take()
    {
        var lead = new WakeLead();
        var random = new Random(7);
        for (var i = 0; i < 20_000; i++) lead.Woken(random.Next(40_000, 60_000));
        Assert.InRange(lead.Ns(0), 42_000, 48_000);
    }

    [Fact]
    public void A_busy_machine_s_late_wake_ups_leave_it_bounded()
    {
        var lead = new WakeLead();
        for (var i = 0; i < 20_000; i++) lead.Woken(5_000_000);
        Assert.Equal(WakeLead.MostNs, lead.Ns(0));
    }

    [Fact]
    public void Time_without_sleep_is_bounded_by_its_budget()
    {
        var lead = new WakeLead();
        for (var i = 0; i < 1_000; i++) lead.Woken(50_000);
        var nowNs = 0L;
        var spentNs = 0L;
        while (nowNs < 1_000_000_000)
        {
            var stepNs = lead.Ns(nowNs);
            if (stepNs > 0)
            {
                lead.Spent(nowNs, nowNs + stepNs);
                spentNs += stepNs;
            }

            nowNs += stepNs > 0 ? stepNs : 1_000;
        }

        Assert.InRange(spentNs, 150_000_000, 210_000_000);
    }
}
