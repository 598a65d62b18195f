using System.Text.RegularExpressions;
using MailBench.Model.Units;

namespace MailBench.Model.Profiles;

/// <summary>A part of a day: the share of the users who poll in it, and how long it lasts.</summary>
public sealed record UsersStage(double Share, TimeSpan During)
{
    /// <summary>The share as a step's name.</summary>
    public string Name => FormattableString.Invariant($"{Share * 100:0.#} %");
}

/// <summary>Stages of <c>users.schedule</c> as they are written: <c>30% for 10m</c>.</summary>
public static partial class UsersStageText
{
    public const string Form = "SHARE for DURATION, for example 30% for 10m";

    /// <summary>Throws <see cref="FormatException"/> for anything else, for a share above 100 % and for no time at all.</summary>
    public static UsersStage Parse(string text)
    {
        var match = StagePattern().Match(text);
        return match.Success && SettingForm.TryShare(match.Groups[1].Value, out var share) && Duration.TryParse(match.Groups[2].Value, out var during) && share is > 0 and <= 1 && during > TimeSpan.Zero
            ? new UsersStage(share, during)
            : throw new FormatException($"users.schedule: '{text}' is no stage; write {Form}, with a share up to 100%.");
    }

    [GeneratedRegex(@"^([0-9.]+%) for ([0-9.a-z]+)$", RegexOptions.CultureInvariant)]
    internal static partial Regex StagePattern();
}
