using System.Text;
using HdrHistogram;
using MailBench.Analysis;
using MailBench.Model.Records;

namespace MailBench.Reports.Text;

/// <summary>
/// One HdrHistogram log per trial and latency: <c>histograms/POINT-REP-NAME.hlog</c>, values in microseconds, 3 significant digits. What never finished is
/// recorded as the highest trackable value (one hour), so that no percentile is flattered.
/// </summary>
internal static class HistogramLogs
{
    private const long HighestUs = 3_600_000_000;

    public static void Write(IReadOnlyList<TrialSamples> samples, RunSummary run, RunFolder folder)
    {
        FreshFile.MakeFolder(folder.Histograms);
        var started = DateTimeOffset.Parse(run.StartedAt, System.Globalization.CultureInfo.InvariantCulture).UtcDateTime;
        foreach (var trial in samples)
        {
            var window = run.Points.First(p => p.Point == trial.Point && p.Repetition == trial.Repetition).WindowSeconds;
            var startMs = new DateTimeOffset(started).ToUnixTimeMilliseconds();
            var histogram = new LongHistogram(HighestUs, 3) { StartTimeStamp = startMs, EndTimeStamp = startMs + (long)(window * 1000) };
            foreach (var ns in trial.SamplesNs) histogram.RecordValue(double.IsInfinity(ns) ? HighestUs : Math.Clamp((long)(ns / 1000), 0, HighestUs));
            var path = Path.Combine(folder.Histograms, $"{trial.Point}-{trial.Repetition}-{trial.Name.Replace('.', '-')}.hlog");
            // The library writes UTF-16; every other reader of the format expects ASCII.
            using var log = new MemoryStream();
            HistogramLogWriter.Write(log, started, histogram);
            using var file = FreshFile.Create(path);
            file.Write(Encoding.ASCII.GetBytes(new StreamReader(new MemoryStream(log.ToArray()), Encoding.Unicode, detectEncodingFromByteOrderMarks: true).ReadToEnd()));
        }
    }
}
