using MailBench.Model.Records;
using MailBench.Reports.Plots;
using static MailBench.Reports.Html.HtmlReport;

namespace MailBench.Reports.Html;

/// <summary>The parts of a trial whose number of users changed, and what was predicted beside what was measured: a row is one or the other, and says which.</summary>
internal static class StepsSection
{
    private static readonly string[] Heads = ["", "users", "offered/s", "polls/s", "response p50", "p95", "line busy", "failed", "carried", "limited by"];

    public static string Render(PollFigures polls)
    {
        if (polls.Steps.Count == 0 && polls.Predictions.Count == 0) return "";
        return $"<section><h3>Users carried: measured and predicted</h3>{Table("Users carried", Heads, Rows(polls))}</section>\n";
    }

    private static IEnumerable<string[]> Rows(PollFigures polls)
    {
        foreach (var s in polls.Steps)
            yield return
            [
                $"{s.Name} (measured)", Say.Number(s.Users), Say.Number(s.OfferedPerSecond), Say.Number(s.PerSecond), KneePlot.Ms(s.P50Ms), KneePlot.Ms(s.P95Ms),
                s.BusyForward is null ? Say.None : Say.Percent(Math.Max(s.BusyForward.Value, s.BusyReverse ?? 0)), Say.Number(s.Failed), s.Carried ? "yes" : "no", s.Bottleneck,
            ];
        foreach (var p in polls.Predictions)
            yield return [$"{p.Resource} (predicted{(p.Extrapolated ? ", extrapolated" : "")})", $"≤ {Say.Number(p.Users)}", .. Enumerable.Repeat(Say.None, Heads.Length - 3), p.Resource];
    }
}
