using System.Text;
using System.Text.Json;
using MailBench.Analysis;
using MailBench.Model.Records;
using MailBench.Reports.Html;
using MailBench.Reports.Plots;
using MailBench.Reports.Text;

namespace MailBench.Reports;

/// <summary>Writes everything that derives from a run: <c>run.json</c>, <c>points.csv</c>, <c>report.html</c>, <c>report.md</c>, <c>plots/</c>, <c>histograms/</c>.</summary>
public static class RunReport
{
    /// <summary>Writes into <paramref name="target"/> (the run folder itself, or another). Throws <see cref="IOException"/> when it cannot be written.</summary>
    public static void Write(AnalysisResult result, RunFolder target)
    {
        var run = result.Summary;
        FreshFile.MakeFolder(target.Plots);
        Put(target.Summary, JsonSerializer.Serialize(run, RecordJson.Indented) + "\n");
        Put(target.PointsCsv, PointsCsv.Render(run.Points));
        foreach (var plot in RunPlots.Of(run))
        {
            Put(Path.Combine(target.Plots, plot.Name + ".svg"), RunPlots.Svg(plot, PlotTheme.Light));
            FreshFile.Write(Path.Combine(target.Plots, plot.Name + ".png"), RunPlots.Png(plot, PlotTheme.Light));
        }

        HistogramLogs.Write(result.Samples, run, target);
        Put(target.ReportMarkdown, MarkdownReport.Render(run));
        Put(target.ReportHtml, HtmlReport.Render(run));
    }

    private static void Put(string path, string text) => FreshFile.Write(path, Encoding.UTF8.GetBytes(text));
}
