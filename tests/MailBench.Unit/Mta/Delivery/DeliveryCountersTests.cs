using MailBench.Mta.Delivery;
using Xunit;

namespace MailBench.Unit.Mta.Delivery;

public sealed class DeliveryCountersTests
{
    [Fact]
    public void Session_time_is_summed_and_idle_time_is_not_busy()
    {
        var counters = new DeliveryCounters();
        counters.Opened(100);
        counters.Opened(200);
        counters.Idle(300, 1);
        counters.Idle(700, -1);
        Assert.Equal(900 + 800, counters.SessionOutNs(1000));
        Assert.Equal(900 + 800 - 400, counters.SessionOutBusyNs(1000));
        counters.Closed(1000, 10, 20);
        Assert.Equal(900 + 800 + 500, counters.SessionOutNs(1500));
        Assert.Equal(1, counters.SessionsOutOpen);
    }
}
