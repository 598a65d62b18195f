namespace MailBench.Model.Records;

/// <summary>What a saturated point's companions say of it, over all repetitions that it shares with each.</summary>
public sealed record ConfirmationSummary
{
    /// <summary>Number of the point that they stand beside.</summary>
    public required int Point { get; init; }

    /// <summary>The resource with U ≥ 0.9 that utilisation alone named, most often over the repetitions, or <c>unattributed</c>.</summary>
    public required string Named { get; init; }

    /// <summary>What is left of it: the same, or <c>unattributed</c> where giving more of it did not raise the rate.</summary>
    public required string Bottleneck { get; init; }
    public required IReadOnlyList<CompanionResult> Companions { get; init; }
    public required string Sentence { get; init; }
}

/// <summary>One companion against its origin. Ratios are companion ÷ origin.</summary>
public sealed record CompanionResult
{
    public const string Confirmed = "confirmed";
    public const string NotConfirmed = "not confirmed";
    public const string Inconclusive = "inconclusive";

    /// <summary>Of a resource that was not named: more of it does not raise the rate, or does.</summary>
    public const string NoLimit = "no limit";
    public const string LimitsToo = "limits, though not named";

    /// <summary>Of the testbed's CPU: the rate stands still, or moves.</summary>
    public const string NoMatter = "does not matter";
    public const string Testbed = "this testbed's figure";

    /// <summary>Number of the companion's point.</summary>
    public required int Point { get; init; }
    public required CompanionChange Change { get; init; }

    /// <summary>The resource that it was given more of, as in the table of utilisations; for the testbed's CPU <c>cpu of source and sink</c>.</summary>
    public required string Resource { get; init; }

    /// <summary>How much more: 1.25 for 25 %. Whole sessions are rounded up.</summary>
    public required double Given { get; init; }

    /// <summary>Medians of the repetitions that both have, deliveries per second.</summary>
    public double? OriginPerSecond { get; init; }
    public double? CompanionPerSecond { get; init; }

    /// <summary>Deliveries per second, and its 95 % interval: over pairs of repetitions, or, of a single pair, from the parts of its two windows.</summary>
    public double? Ratio { get; init; }
    public double? Low { get; init; }
    public double? High { get; init; }

    /// <summary>Pairs of repetitions behind it.</summary>
    public required int Blocks { get; init; }

    /// <summary>What the ratio is held against: the rise that confirms (1.15 for 25 % more), or for the testbed's CPU how far it may move (0.03).</summary>
    public required double Bound { get; init; }

    /// <summary>One of the words above.</summary>
    public required string Verdict { get; init; }

    /// <summary>Why it is inconclusive.</summary>
    public string? Why { get; init; }
}
