using System.Net;
using CsCheck;
using MailBench.Model.Options;
using MailBench.Peers.Poll;
using Xunit;

namespace MailBench.Unit.Peers.Poll;

public sealed class PollTimetableTests
{
    private static PollOptions Options(int users, TimeSpan interval) => new() { Server = new IPEndPoint(IPAddress.Loopback, 110), Users = users, Interval = interval };

    [Fact]
    public void Every_user_polls_once_an_interval_at_a_moment_of_its_own_in_order_of_time() =>
        Gen.Select(Gen.Int[1, 50], Gen.Int[1, 5000], Gen.Int[0, 1000]).Sample((users, intervalMs, seed) =>
        {
            var interval = TimeSpan.FromMilliseconds(intervalMs);
            var polls = All(new PollTimetable(Options(users, interval) with { Count = 3L * users, Seed = seed }));
            Assert.Equal(3 * users, polls.Count);
            Assert.Equal(polls.OrderBy(poll => poll.OffsetNs).Select(poll => poll.OffsetNs), polls.Select(poll => poll.OffsetNs));
            foreach (var own in polls.GroupBy(poll => poll.User))
            {
                Assert.Equal([0, 1, 2], own.Select(poll => poll.Cycle));
                Assert.InRange(own.First().OffsetNs, 0, interval.Ticks * 100 - 1);
                Assert.All(own, poll => Assert.Equal(own.First().OffsetNs + poll.Cycle * interval.Ticks * 100, poll.OffsetNs));
            }
        });

    [Fact]
    public void The_same_seed_gives_the_same_moments_and_another_gives_others()
    {
        var options = Options(100, TimeSpan.FromSeconds(10)) with { Count = 100 };
        Assert.Equal(All(new PollTimetable(options)), All(new PollTimetable(options)));
        Assert.NotEqual(All(new PollTimetable(options)), All(new PollTimetable(options with { Seed = 2 })));
    }

    [Fact]
    public void Synchronised_users_come_all_at_once() =>
        Assert.All(All(new PollTimetable(Options(10, TimeSpan.FromSeconds(10)) with { Phase = PollPhase.Synchronised, Count = 20 })), poll => Assert.Equal(poll.Cycle * 10_000_000_000, poll.OffsetNs));

    [Fact]
    public void A_duration_ends_before_its_end()
    {
        var polls = All(new PollTimetable(Options(1000, TimeSpan.FromSeconds(10)) with { Duration = TimeSpan.FromSeconds(5) }));
        Assert.InRange(polls.Count, 400, 600);
        Assert.All(polls, poll => Assert.True(poll.OffsetNs < 5_000_000_000));
    }

    [Theory]
    [InlineData(1000, 10, 1024, 924, 1)]
    [InlineData(100_000, 300, 1_048_576, 100_000, 9)]
    [InlineData(100_000, 60, 20_100, 20_000, 9)]
    public void Limits_follow_from_descriptors_and_ports(int users, int intervalSeconds, long descriptors, int sessions, int addresses)
    {
        var limits = PollLimits.Compute(Options(users, TimeSpan.FromSeconds(intervalSeconds)), descriptors, ports: 28_000);
        Assert.Equal((sessions, addresses), (limits.Sessions, limits.Addresses));
    }

    [Fact]
    public void Client_addresses_are_distinct_and_stay_on_loopback()
    {
        var addresses = Enumerable.Range(0, 100_000).Select(AddressSpread.Address).ToList();
        Assert.Equal(addresses.Count, addresses.Distinct().Count());
        Assert.All(addresses, address => Assert.True(IPAddress.IsLoopback(address) && address.GetAddressBytes()[3] is > 0 and < 255));
        Assert.Equal(127, AddressSpread.Address(PollLimits.MostAddresses - 1).GetAddressBytes()[0]);
    }

    private static List<DuePoll> All(PollTimetable timetable)
    {
        var polls = new List<DuePoll>();
        while (timetable.TryNext(out var due)) polls.Add(due);
        return polls;
    }
}
