namespace MailBench.Model.Records;

/// <summary>The most users that would be carried where nobody measured: an interval, never a figure.</summary>
public sealed record CapacityExtrapolation
{
    public required double UsersLow { get; init; }
    public required double UsersHigh { get; init; }

    /// <summary>The resource that would be the limit.</summary>
    public required string Limit { get; init; }

    /// <summary>The most users of any point of the variant: beyond it what grows with their number is in no demand.</summary>
    public required int MostUsers { get; init; }

    /// <summary>Points whose demands it is made of.</summary>
    public required IReadOnlyList<int> Points { get; init; }

    /// <summary>Of those points.</summary>
    public required IReadOnlyList<string> Flags { get; init; }

    /// <summary>The tightest first.</summary>
    public required IReadOnlyList<CapacityTerm> Terms { get; init; }

    /// <summary>Users who were not carried although no term says so, where they set the high end: polls come no faster than there. Null: the terms set it.</summary>
    public CapacityEvidence? Measured { get; init; }
}
