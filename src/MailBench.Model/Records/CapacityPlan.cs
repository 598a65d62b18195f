namespace MailBench.Model.Records;

/// <summary>What a run says to a question about capacity: what <c>mailbench plan</c> prints.</summary>
public sealed record CapacityPlan
{
    public int Version { get; init; } = 1;
    public required string Run { get; init; }

    /// <summary>The run's badge: conditions without which no figure of it stands.</summary>
    public required string Conditions { get; init; }
    public required CapacityQuestion Question { get; init; }

    /// <summary>Of several answers the one that decides least: refused, undecided, not carried, carried.</summary>
    public required CapacityVerdict Verdict { get; init; }

    /// <summary>One for each line and variant that the question leaves open; empty: the run has nothing about users, and <see cref="Remarks"/> say what it lacks.</summary>
    public required IReadOnlyList<CapacityAnswer> Answers { get; init; }
    public CapacityLimits? Limits { get; init; }
    public required IReadOnlyList<string> Remarks { get; init; }
}
