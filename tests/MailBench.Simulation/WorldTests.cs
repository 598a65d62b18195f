using System.Globalization;
using Xunit;

namespace MailBench.Simulation;

/// <summary>Whole worlds by seed. <c>MAILBENCH_SIM_SEEDS=N</c> runs N of them, <c>MAILBENCH_SIM_SEED=K</c> one.</summary>
public sealed class WorldTests
{
    [Fact]
    public void Every_recipient_ends_once_and_no_limit_is_exceeded_whatever_fails()
    {
        var (from, count) = Seeds(400);
        var failing = Enumerable.Range(from, count).Select(ScenarioDraw.From).Select(s => (Scenario: s, Failure: Shrink.Failure(s))).Where(f => f.Failure is not null).Take(20).ToArray();
        if (failing.Length == 0) return;
        // The one with the fewest messages is the best to begin with; the others may be of the same cause.
        var (scenario, failure) = failing.MinBy(f => f.Scenario.Messages.Count);
        Console.WriteLine(string.Join('\n', failing.Select(f => $"seed {f.Scenario.Seed}: {f.Failure}")));
        var small = Shrink.Smallest(scenario, Shrink.Failure);
        Assert.Fail($"Seed {scenario.Seed}: {failure}. (MAILBENCH_SIM_SEED={scenario.Seed} runs it alone.)\nSmaller: {Shrink.Failure(small)}.\n{small.Describe()}");
    }

    private static (int From, int Count) Seeds(int usual) =>
        Number("MAILBENCH_SIM_SEED") is { } one ? (one, 1) : (1, Number("MAILBENCH_SIM_SEEDS") ?? usual);

    private static int? Number(string variable) => int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : null;
}
