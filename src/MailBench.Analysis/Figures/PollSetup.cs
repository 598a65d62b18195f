using System.Security.Cryptography;
using System.Text;
using MailBench.Model.Records;

namespace MailBench.Analysis.Figures;

/// <summary>
/// A digest of all settings of a point about users but those that a ladder of them varies: how many users, how often, through which line, how that was searched and how long it was looked at. Points with the
/// same one differ in nothing else, so a summary alone tells which may stand beside each other.
/// </summary>
internal static class PollSetup
{
    private static readonly string[] Varied = ["users.count", "users.interval", "users.find", "users.resolution", "users.schedule", "users.within", "line.capacity"];
    private const string Phases = "phases.";
    private const int Digits = 12;

    public static string Of(PlannedPoint planned)
    {
        var rest = planned.Settings.Where(pair => !Varied.Contains(pair.Key) && !pair.Key.StartsWith(Phases, StringComparison.Ordinal)).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}\n");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(rest))))[..Digits];
    }
}
