using System.Buffers;
using System.Globalization;
using System.IO.Enumeration;
using MailBench.Wire.Smtp;

namespace MailBench.Testing.Smtp;

/// <summary>
/// Plays SMTP's dialogues. Directives of a server's file: <c>@answer CALL-PATTERN = REPLY</c>, <c>@end REPLY</c> (next end of data), <c>@resume REPLY</c> (the same, left open first). Of a client's file:
/// <c>@begin FROM TO… [size=N] [8bit]</c>, <c>@content TEXT</c>, <c>@quit</c>.
/// </summary>
public sealed class Transcript(Dialogue dialogue)
{
    public static Transcript Load(string path) => new(Dialogue.Load(path));

    public Played PlayServer(Cut cut)
    {
        var ends = new Queue<(bool Open, SmtpReply Reply)>(dialogue.Directives.Where(d => d.Name is "@end" or "@resume").Select(d => (d.Name == "@resume", Reply(d.Value))));
        var answers = dialogue.Directives.Where(d => d.Name == "@answer").Select(d => d.Value.Split(" = ", 2)).Select(a => (Pattern: a[0], Reply: Reply(a[1]))).ToList();
        var owner = new RecordingServerSession
        {
            Answer = call => answers.FirstOrDefault(a => FileSystemName.MatchesSimpleExpression(a.Pattern, call)).Reply,
            EndAnswer = () => ends.Count == 0 ? SmtpReply.Of(250, "2.0.0", "Taken") : ends.Peek().Open ? null : ends.Dequeue().Reply,
        };
        var machine = new SmtpServerMachine(dialogue.Options(new SmtpServerOptions { HostName = "mx.test" }));
        var output = new ArrayBufferWriter<byte>();
        machine.Greet(output);
        Fragments.Feed(machine, owner, output, dialogue.Join('C'), dialogue.Pieces('C', cut), () => ends.Dequeue().Reply);
        return dialogue.Result(output.WrittenSpan, 'S', owner.Calls);
    }

    public Played PlayClient(Cut cut)
    {
        var machine = new SmtpClientMachine(dialogue.Options(new SmtpClientOptions { HeloName = "client.test" }));
        var output = new ArrayBufferWriter<byte>();
        var owner = new RecordingClientSession(machine, output);
        foreach (var (name, value) in dialogue.Directives)
        {
            if (name == "@begin") owner.Steps.Enqueue(Envelope(value));
            else if (name == "@quit") owner.Steps.Enqueue(null);
            else if (name == "@content") owner.Contents.Enqueue(Octets.Read(value));
        }

        Fragments.Feed(machine, owner, output, dialogue.Join('S'), dialogue.Pieces('S', cut));
        return dialogue.Result(output.WrittenSpan, 'C', owner.Calls);
    }

    private static TextEnvelope Envelope(string text)
    {
        var words = text.Split(' ');
        var size = words.FirstOrDefault(w => w.StartsWith("size=", StringComparison.Ordinal));
        return new TextEnvelope(words[0] == "<>" ? "" : words[0], [.. words.Skip(1).Where(w => w != size && w != "8bit")])
        {
            SizeBytes = size is null ? -1 : long.Parse(size[5..], CultureInfo.InvariantCulture),
            Body = words.Contains("8bit") ? BodyKind.EightBitMime : BodyKind.SevenBit,
        };
    }

    private static SmtpReply Reply(string text)
    {
        var words = text.Split(' ', 3);
        return SmtpReply.Of(int.Parse(words[0], CultureInfo.InvariantCulture), words[1] == "-" ? null : words[1], words[2]);
    }
}
