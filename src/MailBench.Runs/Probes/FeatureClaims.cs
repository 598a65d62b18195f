using System.Globalization;
using System.Text.RegularExpressions;
using MailBench.Model.Records;

namespace MailBench.Runs.Probes;

/// <summary>A declared feature held against what was seen. Pure: the words of a vector on one side, an observation on the other.</summary>
internal sealed partial class FeatureClaims(IReadOnlyDictionary<string, string> features)
{
    public const string Group = "features";

    /// <summary>What the vector says of an axis; null where it says nothing.</summary>
    public string? Of(string axis) => features.GetValueOrDefault(axis);

    /// <summary>A finding about an axis: <paramref name="holds"/> says whether the declared words fit what was seen.</summary>
    public ProbeFinding Against(string axis, string question, string observed, Func<string, bool> holds) =>
        Of(axis) is { } declared
            ? new ProbeFinding(Group, $"{axis}: {question}", declared, ProbeFinding.Declared, observed, holds(declared) ? ProbeFinding.Agrees : ProbeFinding.Differs)
            : new ProbeFinding(Group, $"{axis}: {question}", null, null, observed, ProbeFinding.Seen);

    public ProbeFinding NotShown(string axis, string question, string why) => new(Group, $"{axis}: {question}", Of(axis), Of(axis) is null ? null : ProbeFinding.Declared, why, ProbeFinding.NotShown);

    /// <summary>The strategy that gathers four recipients of one message so: two of one domain, one of another with the same MX set, one of a third that shares only the best host.</summary>
    /// <param name="groups">Recipients' local parts (<c>one two set host</c>) by transaction.</param>
    public static string StrategyOf(IReadOnlyList<IReadOnlyList<string>> groups)
    {
        bool Together(string a, string b) => groups.Any(group => group.Contains(a) && group.Contains(b));
        return Together("one", "host") ? "per-mx-host" : Together("one", "set") ? "per-mx-set" : Together("one", "two") ? "per-domain" : "per-recipient";
    }

    /// <summary>Whether declared reuse fits so many transactions of single-recipient messages over so many sessions. One that has a condition (<c>across-messages, where …</c>) need not show.</summary>
    public static bool ReuseFits(string declared, int sessions, int transactions) =>
        declared.StartsWith("across-messages", StringComparison.Ordinal) ? sessions < transactions || declared.Contains(", where", StringComparison.Ordinal) : sessions == transactions;

    /// <summary>The most sessions to one host that are declared, as the 4 of <c>4 per site, 200 in all</c>; none: no such bound.</summary>
    public static int? MostPerHost(string declared) => PerHost().Match(declared) is { Success: true } match && int.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var most) ? most : null;

    /// <summary>The first number of a text, or null.</summary>
    public static int? FirstNumber(string declared) =>
        declared.Split(' ', ',').Select(word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? (int?)number : null).FirstOrDefault(number => number is not null);

    /// <summary>What is said to become of 8-bit content at a host without 8BITMIME.</summary>
    public static string ConversionOf(string declared) =>
        declared.Contains("as it is", StringComparison.Ordinal) ? Passed : declared.StartsWith("none", StringComparison.Ordinal) && declared.Contains("fails", StringComparison.Ordinal) ? Failed : declared == "none" ? Passed : Converted;

    public const string Passed = "passed as it is", Failed = "failed", Converted = "converted to 7-bit";

    [GeneratedRegex("([0-9]+) per (?:host|site|domain)")]
    private static partial Regex PerHost();
}
