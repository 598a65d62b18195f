namespace MailBench.Model.Records;

/// <summary>A part of a trial in which so many users polled, as measured (<see cref="UsersStep"/>).</summary>
public sealed record StepFigures
{
    public required string Name { get; init; }
    public required int Users { get; init; }

    /// <summary>Of the window.</summary>
    public required double Seconds { get; init; }

    /// <summary>By intended start, and by completion.</summary>
    public required double OfferedPerSecond { get; init; }
    public required double PerSecond { get; init; }
    public required long Failed { get; init; }

    /// <summary>Of the polls due in the window; infinite where they never ended; null: none was due.</summary>
    public double? P50Ms { get; init; }
    public double? P95Ms { get; init; }
    public double? BusyForward { get; init; }
    public double? BusyReverse { get; init; }
    public required string Bottleneck { get; init; }

    /// <summary>By <see cref="CarriedUsers"/>.</summary>
    public required bool Carried { get; init; }
}

/// <summary>The knee as found in one trial, and what an overload left behind.</summary>
public sealed record KneeFigures
{
    /// <summary>The most users who were carried and the fewest who were not: the capacity lies between. Null: all that were tried were carried.</summary>
    public required int CarriedUsers { get; init; }
    public int? NotCarriedUsers { get; init; }

    /// <summary>From the end of the overload until hardly more was owed than before it; null: that did not come about.</summary>
    public double? RecoverySeconds { get; init; }

    /// <summary>Backlog ÷ (capacity − offered), with what the overloaded system got through as capacity.</summary>
    public double? RecoveryExpectedSeconds { get; init; }

    /// <summary>Polls owed when the overload ended.</summary>
    public double? BacklogPolls { get; init; }

    /// <summary>Whether the load that was carried before the overload was carried after it: no hysteresis. Null: not tried.</summary>
    public bool? CarriedAfter { get; init; }
}

/// <summary>A moment of a trial in which the number of users changes. Seconds from the first step; p95 of the polls due in it, infinite where they never ended.</summary>
public sealed record TimelineRow(double Second, int Users, string Step, double OfferedPerSecond, double PerSecond, double? P95Ms, double Owed);

/// <summary>How many users one resource alone would carry: C ÷ D · P, from a measurement with room. Extrapolated: that is more than were ever tried here.</summary>
public sealed record UsersPrediction(string Resource, double Users, bool Extrapolated);
