using MailBench.Testing.Pop3;
using MailBench.Testing.Smtp;
using Xunit;

namespace MailBench.Conformance;

/// <summary>Every POP3 dialogue file, played whole, by line and by byte, to an owner that answers at once and one that answers later.</summary>
public sealed class Pop3TranscriptTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Pop3Transcripts");

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
    public void Server_keeps_to_the_transcript(string file, Cut cut)
    {
        Check(Pop3Transcript.Load(Path.Combine(Folder, file)).PlayServer(cut, later: false));
        Check(Pop3Transcript.Load(Path.Combine(Folder, file)).PlayServer(cut, later: true));
    }

    [Theory]
    [MemberData(nameof(Of), "client")]
    public void Client_keeps_to_the_transcript(string file, Cut cut) => Check(Pop3Transcript.Load(Path.Combine(Folder, file)).PlayClient(cut));

    private static void Check(Played played)
    {
        Assert.Equal(played.ExpectedOutput.Split("\\r\\n"), played.Output.Split("\\r\\n"));
        if (played.ExpectedCalls.Count > 0) Assert.Equal(played.ExpectedCalls, played.Calls);
    }
}
