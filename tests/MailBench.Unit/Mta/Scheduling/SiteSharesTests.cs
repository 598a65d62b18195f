using CsCheck;
using MailBench.Mta.Scheduling;
using Xunit;

namespace MailBench.Unit.Mta.Scheduling;

public sealed class SiteSharesTests
{
    private const long Second = 1_000_000_000;
    private const uint Slow = 1, Well = 2, Dead = 3;
    private static readonly SiteShareOptions Options = new() { MaxInHand = 100, FirstWindow = 10, MaxWindow = 30, FirstPauseNs = Second, MaxPauseNs = 4 * Second, MaxParkedNs = 60 * Second };

    private readonly SiteShares _shares = new(Options);
    private int _message;

    [Fact]
    public void A_silent_site_has_its_first_window_and_leaves_the_rest_to_others()
    {
        Assert.Equal(10, Enter(Slow, 1000, nowNs: 0));
        Assert.Equal(10, _shares.InHand);
        Assert.Equal(10, Enter(Well, 1000, nowNs: 0));
        for (var i = 0; i < 500; i++)
        {
            _shares.Leave(Well, SiteAnswer.Answered, 0);
            while (_shares.TryTake(0, out var taken)) Assert.Equal(Well, taken.Site);
        }

        Assert.Equal(10 + Options.MaxWindow, _shares.InHand);
    }

    [Fact]
    public void Single_messages_to_a_site_do_not_wait_for_all_of_a_list_that_was_due_before_them()
    {
        for (var i = 0; i < 1000; i++) _shares.TryEnter(new DueRecipient(message: 1, i, dueNs: 0, Well), 0);
        for (var message = 2; message <= 6; message++) _shares.TryEnter(new DueRecipient(message, 0, dueNs: 0, Well), 0);
        var order = new List<DueRecipient>();
        while (order.Count < 995)
        {
            _shares.Leave(Well, SiteAnswer.Answered, 0);
            while (_shares.TryTake(0, out var taken)) order.Add(taken);
        }

        Assert.Equal([16, 17, 18, 19, 20], order.Select((due, at) => (due, at)).Where(o => o.due.Message > 1).Select(o => o.at));
        Assert.Equal(Enumerable.Range(10, 990), order.Where(due => due.Message == 1).Select(due => due.Recipient));
    }

    [Fact]
    public void A_site_that_cannot_be_reached_is_tried_by_one_after_a_pause_that_doubles_and_let_go_by_an_answer()
    {
        Enter(Dead, 10, nowNs: 0);
        for (var i = 0; i < 10; i++) _shares.Leave(Dead, SiteAnswer.Unreachable, 0);
        Assert.Equal(0, Enter(Dead, 50, nowNs: 0));
        var now = 0L;
        foreach (var pause in (long[])[1, 2, 4, 4])
        {
            Assert.Equal(now + (pause * Second), _shares.NextWakeNs);
            Assert.False(_shares.TryTake(now + (pause * Second) - 1, out _));
            now += pause * Second;
            Assert.True(_shares.TryTake(now, out _));
            Assert.False(_shares.TryTake(now, out _));
            _shares.Leave(Dead, SiteAnswer.Unreachable, now);
        }

        now += 4 * Second;
        Assert.True(_shares.TryTake(now, out _));
        _shares.Leave(Dead, SiteAnswer.Answered, now);
        Assert.Equal(11, Take(now));
    }

    [Fact]
    public void Untried_recipients_learn_what_is_wrong_while_few_are_in_hand()
    {
        Enter(Dead, 1, nowNs: 0);
        _shares.Leave(Dead, SiteAnswer.Unreachable, 0);
        Assert.Equal(0, Enter(Dead, 5, nowNs: 1));
        Assert.Equal(10, Enter(Dead, 30, nowNs: 1, untried: true));
    }

    [Fact]
    public void Nobody_is_parked_for_ever()
    {
        Enter(Dead, 1, nowNs: 0);
        _shares.Leave(Dead, SiteAnswer.Unreachable, 0);
        Enter(Dead, 25, nowNs: 0);
        // One tries the site, and does not come back.
        Assert.Equal(1, Take(Second));
        Assert.Equal(60 * Second, _shares.NextWakeNs);
        Assert.Equal(9, Take(60 * Second));
    }

    [Fact]
    public void Sites_whose_recipients_were_held_back_take_turns()
    {
        for (uint site = 1; site <= 9; site++) Enter(site, 40, nowNs: 0);
        Assert.Equal(90, _shares.InHand);
        for (uint site = 1; site <= 9; site++) _shares.Leave(site, SiteAnswer.Answered, 0);
        var taken = new List<uint>();
        while (_shares.TryTake(0, out var recipient)) taken.Add(recipient.Site);
        // The one that left, and one more for the answer.
        Assert.Equal(18, taken.Count);
        Assert.Equal(Enumerable.Range(1, 9).Select(site => (uint)site), taken.Take(9).Order());
        Assert.Equal(Enumerable.Range(1, 9).Select(site => (uint)site), taken.Skip(9).Order());
    }

    [Fact]
    public void What_is_held_can_be_withdrawn_slice_by_slice()
    {
        Enter(Slow, 50_000, nowNs: 0);
        var withdrawn = new List<DueRecipient>();
        for (var slice = 0; slice < _shares.Slices; slice++) _shares.Withdraw(slice, (message, _) => message % 2 == 0, withdrawn);
        Assert.InRange(withdrawn.Count, 24_990, 25_000);
        for (var i = 0; i < 10; i++) _shares.Leave(Slow, SiteAnswer.Answered, 0);
        while (_shares.TryTake(0, out var taken)) Assert.Equal(1, taken.Message % 2);
    }

    /// <summary>Arrivals, answers and failures by chance, then all sites well again: each recipient is given once, limits hold all the while, and nothing is kept of a site that is done.</summary>
    [Fact]
    public void Every_recipient_is_given_once_whatever_sites_do() =>
        Gen.Int.Sample(seed =>
        {
            var random = new Random(seed);
            var shares = new SiteShares(Options);
            var inHand = new List<DueRecipient>();
            var given = new HashSet<int>();
            var (now, arrived) = (0L, 0);
            for (var step = 0; step < 2000; step++)
            {
                now += random.Next(200_000_000);
                var ending = step > 1000;
                for (var n = ending ? 0 : random.Next(8); n > 0 && shares.HasRoom; n--)
                {
                    var due = new DueRecipient(arrived++, 0, now, (uint)random.Next(5), random.Next(2) == 0);
                    if (shares.TryEnter(due, now)) Give(due);
                }

                while (shares.TryTake(now, out var taken)) Give(taken);
                for (var n = random.Next(ending ? 30 : 10); n > 0 && inHand.Count > 0; n--)
                {
                    var at = random.Next(inHand.Count);
                    var left = inHand[at];
                    inHand.RemoveAt(at);
                    shares.Leave(left.Site, ending || random.Next(3) > 0 ? SiteAnswer.Answered : (SiteAnswer)random.Next(3), now);
                }

                Assert.Equal(inHand.Count, shares.InHand);
                Assert.True(shares.InHand <= Options.MaxInHand);
                Assert.All(inHand.GroupBy(due => due.Site), site => Assert.True(site.Count() <= Options.MaxWindow));
            }

            Assert.Equal(arrived, given.Count);
            now += 100 * Second;
            shares.TryTake(now, out _);
            Assert.Equal(0, shares.Sites);
            Assert.Equal(long.MaxValue, shares.NextWakeNs);

            void Give(in DueRecipient due)
            {
                Assert.True(given.Add(due.Message), $"recipient {due.Message} is given twice");
                inHand.Add(due);
            }
        }, iter: 200);

    /// <summary>So many become due; returns how many entered.</summary>
    private int Enter(uint site, int count, long nowNs, bool untried = false) =>
        Enumerable.Range(0, count).Count(_ => _shares.TryEnter(new DueRecipient(_message++, 0, nowNs, site, untried), nowNs));

    private int Take(long nowNs)
    {
        var count = 0;
        while (_shares.TryTake(nowNs, out _)) count++;
        return count;
    }
}
