namespace MailBench.Model.Records;

/// <summary>Where things are in a run folder (cli.md: "A run folder"). Paths only; who writes or reads opens them.</summary>
public sealed record RunFolder(string Root)
{
    /// <summary>The resolved profile.</summary>
    public string Profile => Path.Combine(Root, "profile.yaml");

    /// <summary>A <see cref="RunHeader"/>: what was run, on what, and the calibration.</summary>
    public string Header => Path.Combine(Root, "header.json");

    /// <summary>A <see cref="TrialRecord"/> per line, appended and synced as each trial finishes.</summary>
    public string Journal => Path.Combine(Root, "journal.ndjson");

    /// <summary>Per second and role: see <see cref="SampleRow"/>.</summary>
    public string Samples => Path.Combine(Root, "samples.csv");

    /// <summary>The summary record, derived; its schema is published in <c>src/MailBench.Reports/run.schema.json</c>.</summary>
    public string Summary => Path.Combine(Root, "run.json");
    public string Events => Path.Combine(Root, "events");
    public string Logs => Path.Combine(Root, "logs");
    public string Histograms => Path.Combine(Root, "histograms");
    public string Plots => Path.Combine(Root, "plots");

    /// <summary>Queues and other scratch of the run; removed at its end.</summary>
    public string Work => Path.Combine(Root, "work");
    public string ReportHtml => Path.Combine(Root, "report.html");
    public string ReportMarkdown => Path.Combine(Root, "report.md");
    public string PointsCsv => Path.Combine(Root, "points.csv");

    /// <summary>The event file of a role in a trial: <c>events/sink-3-0.bin</c>.</summary>
    public string EventsOf(string role, int point, int repetition) => Path.Combine(Events, $"{role}-{point}-{repetition}.bin");
}
