using MailBench.Model.Records;

namespace MailBench.Analysis.Comparing;

/// <summary>
/// The roles of the feature vector's axes in a comparison (method: factor, controlled, disclosed). Whatever is not said here is controlled: an axis that nobody thought of must not slip
/// through as equal.
/// </summary>
internal static class FeatureAxes
{
    /// <summary>They describe how a system is made, promise nobody anything, or change no rate beside what another axis says.</summary>
    private static readonly HashSet<string> Disclosed = ["sut", "version", "variant", "durabilityHow", "settings", "systemCalls"];

    /// <summary>They may be a factor, and never make a winner: another promise, another disk.</summary>
    private static readonly string[] NeverRanked = ["durability", "storage"];

    /// <summary>The axes in which two vectors differ, each with its role. A vector that lacks an axis says nothing of it, which is a difference.</summary>
    public static IReadOnlyList<AxisDifference> Differences(IReadOnlyDictionary<string, string> a, IReadOnlyDictionary<string, string> b, IReadOnlySet<string> factors) =>
    [
        .. a.Keys.Union(b.Keys).Where(axis => a.GetValueOrDefault(axis) != b.GetValueOrDefault(axis)).Order(StringComparer.Ordinal)
            .Select(axis => new AxisDifference(axis, a.GetValueOrDefault(axis, "not stated"), b.GetValueOrDefault(axis, "not stated"), RoleOf(axis, factors))),
    ];

    public static bool MakesNoWinner(AxisDifference difference) => NeverRanked.Contains(difference.Axis);

    private static string RoleOf(string axis, IReadOnlySet<string> factors) =>
        factors.Contains(axis) ? AxisDifference.Factor : Disclosed.Contains(axis) ? AxisDifference.Disclosed : AxisDifference.Controlled;
}
