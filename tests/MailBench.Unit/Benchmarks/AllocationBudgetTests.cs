using System.Globalization;
using MailBench.Benchmarks.Micro;
using Xunit;

namespace MailBench.Unit.Benchmarks;

/// <summary>The benchmarks keep their allocation budgets: each stands beside its benchmark, and this runs the very same body.</summary>
public sealed class AllocationBudgetTests(ITestOutputHelper output)
{
    public static TheoryData<string> Names => [.. AllocationBudget.All.Select(budget => budget.Name)];

    [Theory, MemberData(nameof(Names))]
    public void Allocates_no_more_than_its_budget(string name)
    {
        var budget = AllocationBudget.All.Single(one => one.Name == name);
        var bytes = budget.Measure();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {bytes:0.0} of {budget.BytesPerOperation} octets an operation"));
        Assert.True(bytes <= budget.BytesPerOperation, string.Create(CultureInfo.InvariantCulture, $"{name} allocates {bytes:0.0} octets an operation, its budget is {budget.BytesPerOperation}. Find what is new in it, or raise the budget with a reason."));
    }

    /// <summary>The measure itself: it sees an allocation of a known size.</summary>
    [Fact]
    public void Sees_what_an_operation_allocates() => Assert.Equal(32, new AllocationBudget(typeof(Allocating).GetMethod(nameof(Allocating.EightOctets))!, 0).Measure());

    public sealed class Allocating
    {
        private byte[] _last = [];

        public void EightOctets() => _last = new byte[8 + (_last.Length * 0)];
    }
}
