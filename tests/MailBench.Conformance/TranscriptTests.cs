using MailBench.Testing;
using MailBench.Testing.Imap;
using MailBench.Testing.Pop3;
using MailBench.Testing.Smtp;
using Xunit;

namespace MailBench.Conformance;

/// <summary>Every dialogue file of every protocol, played whole, by line and by byte; where an owner may answer at once or later, both.</summary>
public sealed class TranscriptTests
{
    private const string Smtp = "Transcripts", Pop3 = "Pop3Transcripts", Imap = "ImapTranscripts";

    public static TheoryData<string, string, Cut> Of(string kind)
    {
        var rows = new TheoryData<string, string, Cut>();
        foreach (var protocol in (string[])[Smtp, Pop3, Imap])
            foreach (var path in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, protocol), kind + "-*.txt").Order(StringComparer.Ordinal))
                foreach (var cut in Enum.GetValues<Cut>())
                    rows.Add(protocol, Path.GetFileName(path), cut);
        return rows;
    }

    [Theory]
    [MemberData(nameof(Of), "server")]
    public void Server_keeps_to_the_transcript(string protocol, string file, Cut cut)
    {
        foreach (var later in (bool[])[false, true])
        {
            var dialogue = Dialogue.Load(Path.Combine(AppContext.BaseDirectory, protocol, file));
            Check(protocol switch
            {
                Imap => new ImapTranscript(dialogue).PlayServer(cut, later),
                Pop3 => new Pop3Transcript(dialogue).PlayServer(cut, later),
                _ => new Transcript(dialogue).PlayServer(cut),
            });
        }
    }

    [Theory]
    [MemberData(nameof(Of), "client")]
    public void Client_keeps_to_the_transcript(string protocol, string file, Cut cut)
    {
        var dialogue = Dialogue.Load(Path.Combine(AppContext.BaseDirectory, protocol, file));
        Check(protocol switch
        {
            Imap => new ImapTranscript(dialogue).PlayClient(cut),
            Pop3 => new Pop3Transcript(dialogue).PlayClient(cut),
            _ => new Transcript(dialogue).PlayClient(cut),
        });
    }

    private static void Check(Played played)
    {
        Assert.Equal(played.ExpectedOutput.Split("\\r\\n"), played.Output.Split("\\r\\n"));
        if (played.ExpectedCalls.Count > 0) Assert.Equal(played.ExpectedCalls, played.Calls);
    }
}
