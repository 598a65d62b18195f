using MailBench.Model.Records;

namespace MailBench.Analysis;

/// <summary>A run that others are held against. A whole folder is analysed again; of one that was kept small, <c>header.json</c> and <c>run.json</c> suffice.</summary>
public static class RecordedRun
{
    /// <summary>Throws <see cref="InvalidDataException"/> with file and reason for what is neither.</summary>
    public static AnalysisResult Read(RunFolder folder)
    {
        if (File.Exists(folder.Journal) || !File.Exists(folder.Summary)) return RunAnalysis.Analyze(folder);
        var header = RunAnalysis.ReadHeader(folder);
        var summary = SummaryAlone(folder);
        if (summary.Run != header.Run) throw new InvalidDataException($"{folder.Summary} is of run {summary.Run} and {folder.Header} of run {header.Run}: they do not belong together.");
        return new AnalysisResult(header, summary, []);
    }

    /// <summary>The same where the summary is all that is needed: of what was kept, <c>run.json</c> suffices.</summary>
    public static RunSummary ReadSummary(RunFolder folder) => !File.Exists(folder.Header) && !File.Exists(folder.Journal) && File.Exists(folder.Summary) ? SummaryAlone(folder) : Read(folder).Summary;

    private static RunSummary SummaryAlone(RunFolder folder)
    {
        var summary = RecordJson.Read<RunSummary>(File.ReadAllText(folder.Summary), folder.Summary);
        return summary.Version <= RunSummary.CurrentVersion ? summary : throw new InvalidDataException($"{folder.Summary} has version {summary.Version}; this program reads up to {RunSummary.CurrentVersion}.");
    }
}
