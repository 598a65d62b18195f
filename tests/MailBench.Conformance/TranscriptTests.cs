using MailBench.Testing.Smtp;
using Xunit;

namespace MailBench.Conformance;

/// <summary>Every dialogue file, played whole, by line and by byte.</summary>
public sealed class TranscriptTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Transcripts");

    public static TheoryData<string, Cut> Of(string kind)
    {
        var rows = new TheoryData<string, Cut>();
        foreach (var path in Directory.EnumerateFiles(Folder, kind + "-*.txt").Order(StringComparer.Ordinal))
            foreach (var cut in Enum.GetValues<Cut>())
                rows.Add(Path.GetFileName(path), cut);
        return rows;
    }

    [Theory]
    [MemberData(nameof(Of), "server")]
    public void Server_keeps_to_the_transcript(string file, Cut cut) => Check(Transcript.Load(Path.Combine(Folder, file)).PlayServer(cut));

    [Theory]
    [MemberData(nameof(Of), "client")]
    public void Client_keeps_to_the_transcript(string file, Cut cut) => Check(Transcript.Load(Path.Combine(Folder, file)).PlayClient(cut));

    private static void Check(Played played)
    {
        Assert.Equal(Lines(played.ExpectedOutput), Lines(played.Output));
        if (played.ExpectedCalls.Count > 0) Assert.Equal(played.ExpectedCalls, played.Calls);
    }

    private static string[] Lines(string shown) => shown.Split("\\r\\n");
}
