using MailBench.Model.Records;

namespace MailBench.Model.Comparing;

/// <summary>
/// Two points that a run's plan says it compares: points of one sweep that differ in one factor (an axis of the SUT or of DNS; workload, load and line are always controlled) and share all other axes.
/// Each is held against the factor's first value; where <c>compare.pairs</c> is set, the pairs named there are compared instead, and no others. Pure.
/// </summary>
public sealed record DeclaredPair(string Factor, PlannedPoint Base, PlannedPoint Candidate)
{
    private static readonly string[] FactorSections = ["system", "mta.", "sut.", "dns."];

    public string BaseName => Base.Axes[Factor];

    public string CandidateName => Candidate.Axes[Factor];

    /// <summary>The axes that both share.</summary>
    public IReadOnlyDictionary<string, string> At => Candidate.Axes.Where(axis => axis.Key != Factor).ToDictionary();

    /// <summary>
    /// As far as a plan can tell, rates or latencies of the two are compared, and not only counts: they promise the same durability, and what is offered to both, where it is set, is set to the same. Shares of
    /// what each can do are not.
    /// </summary>
    public bool ComparesRates => Equal("load.model") && Equal("mta.durability") && (Setting(Base, "load.model") != "open" || (Equal("load.rate") && Equal("load.stages") && !IsShare(Base)));

    /// <summary>The pairs of <paramref name="points"/>, which are in the order of their numbers; companions and searches, whose tries differ in what they offer, are in none.</summary>
    public static IReadOnlyList<DeclaredPair> Of(IReadOnlyList<PlannedPoint> points)
    {
        var own = points.Where(point => point is { Companion: null, FindsSustainable: false }).ToList();
        var chosen = own.Count == 0 ? [] : ComparedPair.Of(own[0].Settings);
        return
        [
            .. from factor in own.SelectMany(point => point.Axes.Keys).Distinct().Where(IsFactor)
               from alike in own.Where(point => point.Axes.ContainsKey(factor)).GroupBy(point => point.Sweep + "\n" + OtherAxes(point, factor))
               from pair in Within(factor, [.. alike], chosen)
               select pair,
        ];
    }

    private static IEnumerable<DeclaredPair> Within(string factor, IReadOnlyList<PlannedPoint> points, IReadOnlyList<ComparedPair> chosen) => chosen.Count == 0
        ? points.Skip(1).Select(candidate => new DeclaredPair(factor, points[0], candidate))
        : from pair in chosen
          let sides = (Base: points.FirstOrDefault(point => point.Axes[factor] == pair.Base), Candidate: points.FirstOrDefault(point => point.Axes[factor] == pair.Candidate))
          where sides is { Base: not null, Candidate: not null }
          select new DeclaredPair(factor, sides.Base!, sides.Candidate!);

    private static string OtherAxes(PlannedPoint point, string factor) =>
        string.Join('\n', point.Axes.Where(axis => axis.Key != factor).OrderBy(axis => axis.Key, StringComparer.Ordinal).Select(axis => $"{axis.Key}={axis.Value}"));

    private static bool IsFactor(string path) => FactorSections.Any(section => path.StartsWith(section, StringComparison.Ordinal));

    private bool Equal(string path) => Setting(Base, path) == Setting(Candidate, path);

    private static bool IsShare(PlannedPoint point) => $"{Setting(point, "load.rate")}{Setting(point, "load.stages")}".Contains('%', StringComparison.Ordinal);

    private static string? Setting(PlannedPoint point, string path) => point.Settings.GetValueOrDefault(path);
}
