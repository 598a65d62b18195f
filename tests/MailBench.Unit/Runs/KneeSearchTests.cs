using CsCheck;
using MailBench.Runs.Sweep;
using Xunit;

namespace MailBench.Unit.Runs;

public sealed class KneeSearchTests
{
    /// <summary>Far more than any search may need.</summary>
    private const int Bound = 40;

    private static readonly Gen<(int Capacity, int Most, bool Hint)> Systems = Gen.Select(Gen.Int[1, 200_000], Gen.Int[1, 200_000], Gen.Bool);

    [Fact]
    public void Any_capacity_below_the_most_is_found_to_within_the_resolution()
    {
        Systems.Sample(system =>
        {
            var (search, tried) = Run(system.Capacity, system.Most, system.Hint, lies: 0);
            if (system.Capacity >= system.Most) return search.Carried == system.Most && search.NotCarried == 0;
            return tried <= Bound && search.Carried <= system.Capacity && search.NotCarried > system.Capacity
                && search.NotCarried <= Math.Max(search.Carried + 1, search.Carried * 1.05 + 1);
        });
    }

    [Fact]
    public void A_number_that_was_not_carried_for_a_moment_of_the_machine_does_not_end_the_search_below_the_capacity()
    {
        Systems.Where(system => system.Capacity is > 100 && system.Capacity < system.Most).Sample(system =>
        {
            var (search, tried) = Run(system.Capacity, system.Most, system.Hint, lies: 1);
            return tried <= Bound && search.NotCarried > system.Capacity && search.NotCarried <= search.Carried * 1.05 + 1;
        });
    }

    [Fact]
    public void Where_not_even_one_is_carried_the_search_ends()
    {
        var (search, tried) = Run(0, 1000, hint: false, lies: 0);
        Assert.Equal((0, 1), (search.Carried, search.NotCarried));
        Assert.InRange(tried, 1, Bound);
    }

    /// <param name="capacity">The most users whom the system carries.</param>
    /// <param name="most">The most that are tried.</param>
    /// <param name="hint">Whether the system's load is seen (it is proportional).</param>
    /// <param name="lies">So many first answers are "not carried" in any case.</param>
    private static (KneeSearch Search, int Tried) Run(int capacity, int most, bool hint, int lies)
    {
        var search = new KneeSearch(most, 0.05);
        var tried = 0;
        while (tried < 1000 && search.TryNext(out var users))
        {
            Assert.InRange(users, 1, most);
            search.Took(users, users <= capacity && tried >= lies, hint ? (double)users / Math.Max(1, capacity) : null);
            tried++;
        }

        return (search, tried);
    }
}
