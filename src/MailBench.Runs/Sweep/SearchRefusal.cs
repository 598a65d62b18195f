using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Searching;
using MailBench.Model.Units;

namespace MailBench.Runs.Sweep;

/// <summary>What a search for the sustainable rate cannot be made of.</summary>
internal static class SearchRefusal
{
    /// <summary>What is wrong and what to do, without the point's coordinates; null: nothing.</summary>
    public static string? Of(SettingValues settings)
    {
        if (settings.HasUsers()) return "load.find looks for a rate of mail; for users there is users.find: knee. Take load.find away.";
        if (settings.HasProbes()) return "load.find goes with neither probes nor crossCheck.rounds: such a point measures no rate. Take one of them away.";
        if (settings.Choice<LoadModel>("load.model") != LoadModel.Open) return "load.find sustainable looks for an offered rate; it needs load.model: open.";
        if (settings.Find("load.stages") is { Length: > 0 }) return "load.find sustainable offers one rate a trial; in place of load.stages give load.rate, the highest rate to try.";
        if (!OfferedRate.TryParse(settings.Find("load.rate"), out var most)) return "load.find sustainable needs load.rate, the highest rate to try (600/s, or 150% of NAME).";
        foreach (var (path, within) in new[] { ("criteria.accepted", settings.Span("criteria.accepted")), ("criteria.delivered", settings.Span("criteria.delivered")) })
            if (settings.Span("phases.drain") < within)
                return $"phases.drain {Duration.Format(settings.Span("phases.drain"))} is shorter than {path} {Duration.Format(within)}: what would still come in time is not waited for. Lengthen phases.drain or shorten {path}.";
        var messages = most.Absolute.PerSecond / SustainableSearch.FirstShare * settings.Span("phases.steady").TotalSeconds;
        var least = SearchCriteria.LeastMessages(settings.Share("criteria.backlog"));
        return most.Sweep is null && messages < least
            ? $"load.find sustainable begins at an eighth of load.rate {most.Absolute}, which are {Math.Floor(messages):0} messages in a window of {Duration.Format(settings.Span("phases.steady"))}; at criteria.backlog {settings.Text("criteria.backlog")} fewer than {least:0} tell nothing. Lengthen phases.steady or raise load.rate."
            : null;
    }
}
