using System.Text;
using System.Text.Json;
using MailBench.Model.Events;
using MailBench.Model.Records;

namespace MailBench.Runs.Records;

/// <summary>journal.ndjson: a finished trial is one line, on stable storage before the next begins. header.json is replaced whole.</summary>
internal sealed class RunJournal : IDisposable
{
    private readonly FileStream _file;

    public RunJournal(RunFolder folder)
    {
        Finished = Read(folder, out var whole);
        _file = new FileStream(folder.Journal, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        // A line that was torn when the runner was killed is cut off; its trial runs again.
        _file.SetLength(whole);
        _file.Seek(0, SeekOrigin.End);
    }

    /// <summary>Trials of an earlier part of this run that stand (those without failure).</summary>
    public IReadOnlyList<TrialRecord> Finished { get; }

    public void Append(TrialRecord record)
    {
        _file.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(record, RecordJson.Line) + "\n"));
        _file.Flush(flushToDisk: true);
    }

    public void Dispose() => _file.Dispose();

    public static void WriteHeader(RunFolder folder, RunHeader header)
    {
        var fresh = folder.Header + ".new";
        using (var file = new FileStream(fresh, FileMode.Create, FileAccess.Write))
        {
            file.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(header, RecordJson.Indented) + "\n"));
            file.Flush(flushToDisk: true);
        }

        File.Move(fresh, folder.Header, overwrite: true);
    }

    /// <summary>Null when there is none. Throws <see cref="InvalidDataException"/> for one that is damaged or not ours: its run ID names a directory that is removed at the end.</summary>
    public static RunHeader? ReadHeader(RunFolder folder)
    {
        if (!File.Exists(folder.Header)) return null;
        var header = RecordJson.Read<RunHeader>(File.ReadAllText(folder.Header), folder.Header);
        return TrialId.IsRun(header.Run) ? header : throw new InvalidDataException($"{folder.Header}: its run ID is none.");
    }

    /// <summary>The whole lines; those of failed trials are dropped, since their trials run again.</summary>
    private static List<TrialRecord> Read(RunFolder folder, out long wholeBytes)
    {
        wholeBytes = 0;
        var finished = new List<TrialRecord>();
        if (!File.Exists(folder.Journal)) return finished;
        var text = File.ReadAllText(folder.Journal);
        var kept = new StringBuilder();
        foreach (var line in text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var record = RecordJson.Read<TrialRecord>(line, folder.Journal);
            if (record.Failure is not null) continue;
            finished.Add(record);
            kept.Append(line).Append('\n');
        }

        if (kept.Length < text.Length) File.WriteAllText(folder.Journal, kept.ToString());
        wholeBytes = new FileInfo(folder.Journal).Length;
        return finished;
    }
}
