namespace MailBench.Model.Records;

/// <summary>An open trial whose offered rate changed (<c>load.stages</c>): each stage by itself, the course of it all, and what an overload left behind. Rates are of recipients, per second.</summary>
public sealed record LoadCourse
{
    /// <summary>In the order of time.</summary>
    public required IReadOnlyList<StageFigures> Stages { get; init; }
    public required IReadOnlyList<LoadRow> Timeline { get; init; }

    /// <summary>Null: no stage stood out between two lower ones.</summary>
    public RecoveryFigures? Recovery { get; init; }
}

/// <summary>A stage of an offered load, as measured.</summary>
public sealed record StageFigures
{
    /// <summary>What it asked for: <c>120 %</c> of what a sweep measured, a rate, or <c>pause</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Its begin, from the load's, and its length.</summary>
    public required double Second { get; init; }
    public required double Seconds { get; init; }

    /// <summary>By intended start, and by completion.</summary>
    public required double OfferedPerSecond { get; init; }
    public required double DeliveredPerSecond { get; init; }

    /// <summary>Delivery latency of what was due in it; infinite where it was never delivered; null: nothing was due, or too little for a percentile.</summary>
    public double? P50Ms { get; init; }
    public double? P95Ms { get; init; }

    /// <summary>Recipients due and not delivered when it ended.</summary>
    public required long Undelivered { get; init; }
}

/// <summary>A moment of such a trial. Seconds from the load's begin; p95 of what was due in it, infinite where it was never delivered.</summary>
public sealed record LoadRow(double Second, string Stage, double OfferedPerSecond, double DeliveredPerSecond, double? P95Ms, long Undelivered);

/// <summary>How an overload ended: a stage with more than the one before and the one after it.</summary>
public sealed record RecoveryFigures
{
    /// <summary>Names of the overload and of the stage that followed it.</summary>
    public required string Overload { get; init; }
    public required string After { get; init; }

    /// <summary>From the load's begin to the overload's end.</summary>
    public required double EndSecond { get; init; }

    /// <summary>What the overload offered, what was delivered meanwhile (the capacity), and what the schedule offered afterwards.</summary>
    public required double OverloadPerSecond { get; init; }
    public required double CapacityPerSecond { get; init; }
    public required double OfferedPerSecond { get; init; }

    /// <summary>Undelivered when it ended; on average before it (over the latter half of that stage); and how many are no backlog any more: twice that, a message's recipients at least.</summary>
    public required long Backlog { get; init; }
    public required double Usual { get; init; }
    public required double Most { get; init; }

    /// <summary>From the overload's end to the first moment at which no more than <see cref="Most"/> were undelivered; null: that did not come about before the stage that followed was over.</summary>
    public double? Seconds { get; init; }

    /// <summary>(Backlog − most) ÷ (capacity − offered); null: there was no capacity to spare.</summary>
    public double? ExpectedSeconds { get; init; }

    /// <summary>Receivers deferred mail, which comes again when its retry is due and not when there is room: <see cref="ExpectedSeconds"/> is then a lower bound.</summary>
    public bool ExpectedIsLeast { get; init; }
}
