using System.Buffers;
using System.Globalization;
using System.IO.Enumeration;
using System.Text;
using MailBench.Wire.Smtp;

namespace MailBench.Testing.Smtp;

/// <summary>How the machine's input is cut.</summary>
public enum Cut { Whole, ByLine, ByByte }

/// <summary>What playing a transcript gave: the machine's output and its owner's calls, beside what the transcript says of both.</summary>
public sealed record Played(string Output, string ExpectedOutput, IReadOnlyList<string> Calls, IReadOnlyList<string> ExpectedCalls);

/// <summary>
/// A dialogue file. <c>C: </c> and <c>S: </c> lines are the client's and the server's, CRLF added; <c>C~ </c> and <c>S~ </c> lines come without CRLF; escapes as in <see cref="Octets"/>, and
/// <c>{N*x}</c> stands for N times x. <c>E: </c> lines are the owner's calls (checked when there are any). <c>#</c> comments. Directives of a server's file:
/// <c>@option Name=value</c>, <c>@answer CALL-PATTERN = REPLY</c>, <c>@end REPLY</c> (next end of data), <c>@resume REPLY</c> (the same, left open first). Of a client's file:
/// <c>@option</c>, <c>@begin FROM TO… [size=N] [8bit]</c>, <c>@content TEXT</c>, <c>@quit</c>.
/// </summary>
public sealed class Transcript
{
    private readonly List<(char Side, byte[] Octets)> _lines = [];
    private readonly List<string> _calls = [];
    private readonly List<(string Name, string Value)> _directives = [];

    public static Transcript Load(string path)
    {
        var transcript = new Transcript();
        foreach (var line in File.ReadLines(path))
        {
            if (line.Length == 0 || line[0] == '#') continue;
            if (line[0] == '@') transcript._directives.Add((line.Split(' ')[0], line.Contains(' ', StringComparison.Ordinal) ? line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..] : ""));
            else if (line.StartsWith("E: ", StringComparison.Ordinal)) transcript._calls.Add(line[3..]);
            else if (line[0] is 'C' or 'S' && line[1] is ':' or '~') transcript.Add(line);
            else throw new InvalidDataException($"{path}: no transcript line: {line}");
        }

        return transcript;
    }

    public Played PlayServer(Cut cut)
    {
        var ends = new Queue<(bool Open, SmtpReply Reply)>(_directives.Where(d => d.Name is "@end" or "@resume").Select(d => (d.Name == "@resume", Reply(d.Value))));
        var answers = _directives.Where(d => d.Name == "@answer").Select(d => d.Value.Split(" = ", 2)).Select(a => (Pattern: a[0], Reply: Reply(a[1]))).ToList();
        var owner = new RecordingServerSession
        {
            Answer = call => answers.FirstOrDefault(a => FileSystemName.MatchesSimpleExpression(a.Pattern, call)).Reply,
            EndAnswer = () => ends.Count == 0 ? SmtpReply.Of(250, "2.0.0", "Taken") : ends.Peek().Open ? null : ends.Dequeue().Reply,
        };
        var machine = new SmtpServerMachine(Options(new SmtpServerOptions { HostName = "mx.test" }));
        var output = new ArrayBufferWriter<byte>();
        machine.Greet(output);
        Fragments.Feed(machine, owner, output, Join('C'), Pieces('C', cut), () => ends.Dequeue().Reply);
        return new Played(Octets.Show(output.WrittenSpan), Octets.Show(Join('S')), owner.Calls, _calls);
    }

    public Played PlayClient(Cut cut)
    {
        var machine = new SmtpClientMachine(Options(new SmtpClientOptions { HeloName = "client.test" }));
        var output = new ArrayBufferWriter<byte>();
        var owner = new RecordingClientSession(machine, output);
        foreach (var (name, value) in _directives)
        {
            if (name == "@begin") owner.Steps.Enqueue(Envelope(value));
            else if (name == "@quit") owner.Steps.Enqueue(null);
            else if (name == "@content") owner.Contents.Enqueue(Octets.Read(value));
        }

        Fragments.Feed(machine, owner, output, Join('S'), Pieces('S', cut));
        return new Played(Octets.Show(output.WrittenSpan), Octets.Show(Join('C')), owner.Calls, _calls);
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

    private void Add(string line)
    {
        var octets = Octets.Read(Repeat(line[3..]));
        _lines.Add((line[0], line[1] == ':' ? [.. octets, 13, 10] : octets));
    }

    private static string Repeat(string text)
    {
        int open;
        while ((open = text.IndexOf('{', StringComparison.Ordinal)) >= 0)
        {
            var star = text.IndexOf('*', open);
            var close = text.IndexOf('}', star);
            var times = int.Parse(text.AsSpan(open + 1, star - open - 1), CultureInfo.InvariantCulture);
            text = text[..open] + new StringBuilder().Insert(0, text[(star + 1)..close], times) + text[(close + 1)..];
        }

        return text;
    }

    private byte[] Join(char side) => [.. _lines.Where(l => l.Side == side).SelectMany(l => l.Octets)];

    private IEnumerable<int> Pieces(char side, Cut cut)
    {
        var lengths = _lines.Where(l => l.Side == side).Select(l => l.Octets.Length);
        return cut switch
        {
            Cut.Whole => Fragments.Whole(lengths.Sum()),
            Cut.ByByte => Fragments.ByByte(lengths.Sum()),
            _ => lengths,
        };
    }

    /// <summary>Applies <c>@option Name=value</c> directives to an options record by name.</summary>
    private T Options<T>(T options) where T : class
    {
        foreach (var (name, value) in _directives)
        {
            if (name != "@option") continue;
            var pair = value.Split('=', 2);
            var property = typeof(T).GetProperty(pair[0]) ?? throw new InvalidDataException($"No option {pair[0]} in {typeof(T).Name}.");
            property.SetValue(options, Convert.ChangeType(pair[1], property.PropertyType, CultureInfo.InvariantCulture));
        }

        return options;
    }
}
