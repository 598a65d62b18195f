namespace MailBench.Model.Records;

/// <summary>Two points, over all their repetitions, that differ in one factor at equal other axes.</summary>
public sealed record ComparisonSummary
{
    public required string Sweep { get; init; }
    public required string LoadModel { get; init; }

    /// <summary>The path that differs, for example <c>mta.strategy</c>; <c>run</c> between two runs.</summary>
    public required string Factor { get; init; }
    public required string Base { get; init; }
    public required string Candidate { get; init; }

    /// <summary>The axes that both share.</summary>
    public required IReadOnlyDictionary<string, string> At { get; init; }

    /// <summary><c>by counts</c> (too few repetitions for more), <c>improved</c>, <c>regressed</c>, <c>unchanged</c>, <c>inconclusive</c>, <c>not comparable</c>.</summary>
    public required string Verdict { get; init; }

    /// <summary>Why a verdict is inconclusive or not comparable.</summary>
    public string? Why { get; init; }

    /// <summary>Candidate ÷ base of the counts that do not depend on the clock, medians of the repetitions.</summary>
    public required IReadOnlyDictionary<string, double> CountRatios { get; init; }

    /// <summary>Those of them that are beyond the practical threshold and beyond three standard errors of what was counted.</summary>
    public IReadOnlyDictionary<string, double> DecisiveCounts { get; init; } = new Dictionary<string, double>();

    /// <summary>Candidate ÷ base of rates (never a verdict with one repetition); null where the schedule sets the rate.</summary>
    public double? RateRatio { get; init; }

    /// <summary>What the verdict is about; null where only counts are compared.</summary>
    public MetricComparison? Metric { get; init; }

    /// <summary>Axes of the feature vector, and settings outside the SUT, in which the two sides differ.</summary>
    public IReadOnlyList<AxisDifference> Differences { get; init; } = [];

    /// <summary>What one side would do with the other's features, where the two are not like for like and the run has the points to tell; beside the raw figure, never instead of it.</summary>
    public AdjustedComparison? Adjusted { get; init; }
    public required string Sentence { get; init; }
}

/// <summary>One side of a comparison with the other's features. Ratios are candidate ÷ base.</summary>
public sealed record AdjustedComparison
{
    /// <summary><c>equalised</c>: that was measured; <c>adjusted</c>: demands were carried over from points in which one axis is switched; <c>not comparable</c>: they cannot be.</summary>
    public required string Kind { get; init; }

    /// <summary>The side that was given the other's features, and the axes.</summary>
    public required string Side { get; init; }
    public required IReadOnlyList<string> Axes { get; init; }

    /// <summary>From which point, or by what; or why not.</summary>
    public required string How { get; init; }
    public double? DeliveredPerSecond { get; init; }
    public double? Ratio { get; init; }

    /// <summary>95 % t interval over blocks; null below two.</summary>
    public double? Low { get; init; }
    public double? High { get; init; }
}

/// <summary>A metric over interleaved blocks. Ratios are candidate ÷ base.</summary>
public sealed record MetricComparison
{
    /// <summary><c>deliveredPerSecond</c>, or <c>deliveryP95Ms</c> where arrivals set the rate.</summary>
    public required string Name { get; init; }
    public required bool HigherIsBetter { get; init; }

    /// <summary>Medians of the repetitions.</summary>
    public required double Base { get; init; }
    public required double Candidate { get; init; }

    /// <summary>Each block's ratio, in order of repetition.</summary>
    public required IReadOnlyList<double> BlockRatios { get; init; }

    /// <summary>Geometric mean of the blocks, its 95 % t interval, and the two-sided exact sign-flip p; null below two blocks.</summary>
    public double? Ratio { get; init; }
    public double? Low { get; init; }
    public double? High { get; init; }
    public double? PValue { get; init; }

    /// <summary>p after Holm's correction over the comparisons of the run.</summary>
    public double? AdjustedPValue { get; init; }

    /// <summary>δ, 0.03 for 3 %.</summary>
    public required double Threshold { get; init; }

    /// <summary>What equal things differ by on this machine in as many blocks (95th percentile, 0.02 for 2 %); null with too few A/A pairs to tell.</summary>
    public double? NoiseFloor { get; init; }
    public required int NoisePairs { get; init; }
}

/// <summary>An axis in which two sides differ, and its role in the comparison.</summary>
public sealed record AxisDifference(string Axis, string Base, string Candidate, string Role)
{
    /// <summary>Declared: what the comparison is about.</summary>
    public const string Factor = "factor";

    /// <summary>Must be equal; a difference makes the two not comparable.</summary>
    public const string Controlled = "controlled";

    /// <summary>Told, and of no weight.</summary>
    public const string Disclosed = "disclosed";
}

/// <summary>Two runs, or two systems of one run, held against each other: what <c>mailbench compare</c> prints.</summary>
public sealed record RunComparison
{
    public int Version { get; init; } = 1;

    /// <summary>Run IDs, with <c>#SUT</c> where one was chosen.</summary>
    public required string Base { get; init; }
    public required string Candidate { get; init; }

    /// <summary>The badge of each side.</summary>
    public required string BaseConditions { get; init; }
    public required string CandidateConditions { get; init; }

    /// <summary>The worst verdict of all comparisons.</summary>
    public required string Verdict { get; init; }

    /// <summary>What holds for all of them: a machine that is not the same, probes that moved, points without a partner.</summary>
    public required IReadOnlyList<string> Remarks { get; init; }
    public required IReadOnlyList<ComparisonSummary> Comparisons { get; init; }
}
