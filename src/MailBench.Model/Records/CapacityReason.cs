namespace MailBench.Model.Records;

/// <summary>What a capacity's answer rests on, or what it lacks.</summary>
public enum CapacityReason
{
    /// <summary>That number itself was measured.</summary>
    Measured,

    /// <summary>It lies between two numbers that agree.</summary>
    Between,

    /// <summary>It is less than the fewest that were measured, and those were carried.</summary>
    FewerThanCarried,

    /// <summary>It is less than the fewest that were measured, and not even those were carried.</summary>
    FewestNotCarried,

    /// <summary>It lies between a number that was carried and one that was not.</summary>
    BetweenCarriedAndNot,

    /// <summary>It was measured more than once, with different outcomes.</summary>
    OutcomesDiffer,

    /// <summary>More users were carried where fewer were not.</summary>
    Contradiction,

    /// <summary>It was tried, and that point is void.</summary>
    Void,

    /// <summary>All points of the question's interval and line are void.</summary>
    AllVoid,
    BeyondLargest,
    IntervalNotMeasured,
    LineNotMeasured,
    ProtocolNotMeasured,
}
