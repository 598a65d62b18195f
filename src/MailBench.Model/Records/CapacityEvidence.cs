namespace MailBench.Model.Records;

/// <summary>So many users, as one point of a run, or one step of its search for the knee, measured them.</summary>
public sealed record CapacityEvidence
{
    public required int Point { get; init; }
    public required int Repetition { get; init; }

    /// <summary>Of a search for the knee: the step's name (<see cref="UsersStep"/>). Null: the number of users stayed the same.</summary>
    public string? Step { get; init; }
    public required int Users { get; init; }
    public required double IntervalSeconds { get; init; }
    public required bool Carried { get; init; }
    public required double OfferedPerSecond { get; init; }
    public double? PerSecond { get; init; }

    /// <summary>Response in ms that 95 % of the polls kept; infinite where they never ended; null: none was due.</summary>
    public double? P95Ms { get; init; }
    public required long Failed { get; init; }
    public double? BusyForward { get; init; }

    /// <summary>The line toward the users ÷ users, kbit/s; null: it is not limited.</summary>
    public double? LineKbitPerUser { get; init; }
    public required string Bottleneck { get; init; }
    public required IReadOnlyList<string> Flags { get; init; }
}
