using System.Globalization;
using System.Text.RegularExpressions;
using MailBench.Model.Options;
using MailBench.Model.Units;

namespace MailBench.Model.Profiles;

/// <summary>
/// A stage of a load schedule in one line: <c>rampingInject 500/s for 10s</c>, <c>inject 120% of saturated for 5s</c>, <c>keepConstant 50 for 30s</c>, <c>pause 5s</c>; without <c>for</c> it goes on until the load
/// is halted.
/// </summary>
public static partial class LoadStageText
{
    public const string Form = "such as 'inject 200/s for 10s', 'rampingInject 500/s for 5s', 'injectRandom 50/s for 10s', 'inject 120% of NAME for 5s' (NAME being a sweep), 'pause 5s', 'keepConstant 20 for 10s' or 'rampingConstant 100 for 10s'";

    public static bool TryParse(string text, out PlannedStage stage)
    {
        stage = new PlannedStage(new LoadStage(LoadStageKind.Pause, default, 0, TimeSpan.Zero), default);
        var match = StagePattern().Match(text);
        if (!match.Success || !Enum.TryParse<LoadStageKind>(match.Groups[1].Value, ignoreCase: true, out var kind)) return false;
        var during = TimeSpan.Zero;
        if (match.Groups[3].Success && !Duration.TryParse(match.Groups[3].Value, out during)) return false;
        var amount = match.Groups[2].Value;
        switch (kind)
        {
            case LoadStageKind.Pause when !match.Groups[3].Success && Duration.TryParse(amount, out var pause):
                stage = new PlannedStage(new LoadStage(kind, default, 0, pause), default);
                return true;
            case LoadStageKind.Inject or LoadStageKind.RampingInject or LoadStageKind.InjectRandom when OfferedRate.TryParse(amount, out var rate):
                stage = new PlannedStage(new LoadStage(kind, rate.Absolute, 0, during), rate);
                return true;
            case LoadStageKind.KeepConstant or LoadStageKind.RampingConstant when int.TryParse(amount, NumberStyles.None, CultureInfo.InvariantCulture, out var users) && users <= 1_000_000:
                stage = new PlannedStage(new LoadStage(kind, default, users, during), default);
                return true;
            default:
                return false;
        }
    }

    public static PlannedStage Parse(string text) => TryParse(text, out var stage) ? stage : throw new FormatException($"'{text}' is not a load stage; write one {Form}.");

    [GeneratedRegex(@"^\s*([A-Za-z]+)\s+(\S+(?:\s+of\s+\S+)?)(?:\s+for\s+(\S+))?\s*$", RegexOptions.CultureInvariant)]
    internal static partial Regex StagePattern();
}
