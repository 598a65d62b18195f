using MailBench.Mta.Queue.Segments;
using Xunit;

namespace MailBench.Unit.Mta.Queue;

public sealed class GroupGatheringTests
{
    private const long SyncNs = 600_000;

    private static GroupGathering After(params ReadOnlySpan<int> groups)
    {
        var gathering = new GroupGathering();
        foreach (var messages in groups) gathering.Committed(messages, SyncNs);
        return gathering;
    }

    [Fact]
    public void A_light_load_is_never_kept_waiting()
    {
        Assert.Equal(0, new GroupGathering().WaitNs(1, 0));
        Assert.Equal(0, After(1, 3, 10, 2).WaitNs(1, 0));
    }

    [Fact]
    public void The_first_of_a_bunch_is_kept_until_a_part_of_it_is_there_or_a_sync_would_be_over()
    {
        var gathering = After(64, 3);
        Assert.Equal(SyncNs, gathering.WaitNs(3, 0));
        Assert.Equal(SyncNs - 100_000, gathering.WaitNs(20, 100_000));
        Assert.Equal(0, gathering.WaitNs(64, 100_000));
        Assert.Equal(0, gathering.WaitNs(3, SyncNs));
    }

    [Fact]
    public void A_slow_disk_keeps_nobody_longer_than_the_bound()
    {
        var gathering = new GroupGathering();
        gathering.Committed(64, 50_000_000);
        Assert.Equal(GroupGathering.MostNs, gathering.WaitNs(1, 0));
    }

    [Fact]
    public void A_bunch_that_is_gone_is_forgotten_within_some_groups()
    {
        var gathering = After(64);
        var groups = 0;
        for (; gathering.WaitNs(1, 0) > 0; groups++) gathering.Committed(1, SyncNs);
        Assert.InRange(groups, 1, 200);
    }

    [Fact]
    public void States_alone_say_nothing_about_company()
    {
        var gathering = After(64);
        for (var i = 0; i < 1000; i++) gathering.Committed(0, SyncNs);
        Assert.True(gathering.WaitNs(3, 0) > 0);
    }
}
