using System.Globalization;
using System.Text.Json;
using MailBench.Model.Options;
using MailBench.Model.Units;

namespace MailBench.Model.Profiles;

/// <summary>A stage as a profile writes it: its rate may be a share of what a sweep measured (<c>injectRandom 120% of saturated for 5s</c>), known only when that sweep is done.</summary>
public readonly record struct PlannedStage(LoadStage Stage, OfferedRate Offered)
{
    /// <param name="whole">The rate that 100 % stands for; null: no stage needs it, or it is not known yet, and a share then is no rate.</param>
    public LoadStage At(Rate? whole) => Offered.Sweep is null ? Stage : Stage with { Rate = Offered.Of(whole) };

    /// <summary>A stage with its rate, as a profile would write it.</summary>
    public static string Format(LoadStage stage)
    {
        var name = JsonNamingPolicy.CamelCase.ConvertName(stage.Kind.ToString());
        var during = stage.During > TimeSpan.Zero ? Duration.Format(stage.During) : null;
        return stage.Kind switch
        {
            LoadStageKind.Pause => $"{name} {during}",
            LoadStageKind.KeepConstant or LoadStageKind.RampingConstant => $"{name} {stage.Users.ToString(CultureInfo.InvariantCulture)}{For(during)}",
            _ => $"{name} {stage.Rate}{For(during)}",
        };

        static string For(string? during) => during is null ? "" : $" for {during}";
    }
}
