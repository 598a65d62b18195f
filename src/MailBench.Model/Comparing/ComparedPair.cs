using MailBench.Model.Profiles;

namespace MailBench.Model.Comparing;

/// <summary>An item of <c>compare.pairs</c>: <c>postfix-tuned against postfix</c>, two values of a factor, the candidate first as in every sentence on it.</summary>
public sealed record ComparedPair(string Candidate, string Base)
{
    private const string Against = " against ";

    /// <summary>Those of a point's settings, in their order; empty: the plan chooses.</summary>
    public static IReadOnlyList<ComparedPair> Of(IReadOnlyDictionary<string, string> settings) =>
        [.. SettingForm.Items(settings.GetValueOrDefault("compare.pairs", "")).Select(item => item.Split(Against)).Where(sides => sides.Length == 2).Select(sides => new ComparedPair(sides[0].Trim(), sides[1].Trim()))];

    public override string ToString() => Candidate + Against + Base;
}
