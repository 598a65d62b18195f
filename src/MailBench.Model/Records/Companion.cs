namespace MailBench.Model.Records;

/// <summary>What a companion has more of than the point that it stands beside.</summary>
public enum CompanionChange
{
    /// <summary>Capacity of the line, in each direction that is limited.</summary>
    Line,

    /// <summary>Sessions into and out of the system under test.</summary>
    Sessions,

    /// <summary>CPU that source and sink use.</summary>
    Testbed,
}

/// <summary>
/// Marks a point that was planned to confirm another: equal to <paramref name="Origin"/> (its number) but for <paramref name="Change"/>. Its figures are held against that point's and stand in no comparison.
/// </summary>
public sealed record Companion(int Origin, CompanionChange Change);
