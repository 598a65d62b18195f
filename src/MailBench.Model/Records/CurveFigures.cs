namespace MailBench.Model.Records;

/// <summary>
/// Points of one sweep that differ in the offered rate alone (<c>load.rate</c>), below, at and past what the system can do: where delivery slows down, and whether it breaks down beyond. Rates are of recipients, per
/// second; repetitions are medians.
/// </summary>
public sealed record CurveFigures
{
    public required string Sweep { get; init; }

    /// <summary>What tells it from the run's other curves.</summary>
    public required string Variant { get; init; }
    public required long CapacityBitsPerSecond { get; init; }

    /// <summary>What 100 % stands for: what was measured at saturation, or, where rates are absolute, the most that was delivered on the curve.</summary>
    public required double WholePerSecond { get; init; }
    public required bool WholeIsSaturated { get; init; }

    /// <summary>Ascending by what was offered.</summary>
    public required IReadOnlyList<CurvePoint> Points { get; init; }

    /// <summary>Rates of which every repetition is void, or has too few messages for a 95th percentile.</summary>
    public required int LeftOut { get; init; }

    /// <summary>Median of the 95th percentiles up to 50 %; null: there is no such point.</summary>
    public double? PlateauMs { get; init; }

    /// <summary>Share of the first rate whose 95th percentile exceeds twice the plateau: the knee; null: none does, or there is no plateau.</summary>
    public double? KneeShare { get; init; }

    /// <summary>The last share before it that kept within; null: there is none.</summary>
    public double? BelowKneeShare { get; init; }

    /// <summary>The highest share above the knee that kept within all the same: then the knee is not clear-cut.</summary>
    public double? WithinAgainShare { get; init; }
}

/// <summary>A rate of a curve. Share: of <see cref="CurveFigures.WholePerSecond"/>. Milliseconds of delivery and of acceptance (response), from the intended start; infinite: unfinished at the end of drain.</summary>
public sealed record CurvePoint(double Share, double OfferedPerSecond, double DeliveredPerSecond, double? P50Ms, double P95Ms, double? ResponseP95Ms, string Bottleneck);
