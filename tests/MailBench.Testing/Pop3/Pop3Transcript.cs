using System.Buffers;
using System.Globalization;
using System.Text;
using MailBench.Testing.Smtp;
using MailBench.Wire.Pop3;

namespace MailBench.Testing.Pop3;

/// <summary>
/// A POP3 dialogue file: <c>C: </c>, <c>S: </c>, <c>C~ </c>, <c>S~ </c>, <c>E: </c> and <c>#</c> as in <see cref="Transcript"/>. Directives of a server's file: <c>@option Name=value</c>,
/// <c>@user NAME PASSWORD</c> (who may log in), <c>@message CONTENT</c> (with LF or CRLF, as a file would have it), <c>@gone N</c> (message N cannot be read), <c>@stuck</c> (deletions
/// fail), <c>@busy</c> (the maildrop is in use). Of a client's file: <c>@send VERB [ARGUMENT]</c> (after the reply before), <c>@group</c> (all at once after the greeting).
/// </summary>
public sealed class Pop3Transcript
{
    private readonly List<(char Side, byte[] Octets)> _lines = [];
    private readonly List<string> _calls = [];

    public List<(string Name, string Value)> Directives { get; } = [];

    public static Pop3Transcript Load(string path)
    {
        var transcript = new Pop3Transcript();
        foreach (var line in File.ReadLines(path))
        {
            if (line.Length == 0 || line[0] == '#') continue;
            if (line[0] == '@') transcript.Directives.Add(line.IndexOf(' ', StringComparison.Ordinal) is > 0 and var space ? (line[..space], line[(space + 1)..]) : (line, ""));
            else if (line.StartsWith("E: ", StringComparison.Ordinal)) transcript._calls.Add(line[3..]);
            else if (line[0] is 'C' or 'S' && line.Length > 2 && line[1] is ':' or '~') transcript._lines.Add((line[0], [.. Octets.Read(line[3..]), .. line[1] == ':' ? "\r\n"u8.ToArray() : []]));
            else throw new InvalidDataException($"{path}: no transcript line: {line}");
        }

        return transcript;
    }

    /// <summary>Plays the client's part to a server machine. <paramref name="later"/>: the owner answers only after the call that asked it.</summary>
    public Played PlayServer(Cut cut, bool later)
    {
        var options = new Pop3ServerOptions { HostName = "pop.test" };
        foreach (var (_, value) in Directives.Where(d => d.Name == "@option"))
        {
            var pair = value.Split('=', 2);
            var property = typeof(Pop3ServerOptions).GetProperty(pair[0]) ?? throw new InvalidDataException($"No option {pair[0]}.");
            property.SetValue(options, Convert.ChangeType(pair[1], property.PropertyType, CultureInfo.InvariantCulture));
        }

        var machine = new Pop3ServerMachine(options);
        var output = new ArrayBufferWriter<byte>();
        var owner = new RecordingPop3Server(this, machine, output, later);
        machine.Greet(output);
        Present('C', cut, presented =>
        {
            var consumed = 0;
            int taken;
            do
            {
                taken = machine.Receive(presented[consumed..], owner, output);
                consumed += taken;
            }
            while (owner.AnswerOwed() || (taken > 0 && consumed < presented.Length));
            return consumed;
        });
        return new Played(Octets.Show(output.WrittenSpan), Octets.Show(Join('S')), owner.Calls, _calls);
    }

    /// <summary>Plays the server's part to a client machine.</summary>
    public Played PlayClient(Cut cut)
    {
        var machine = new Pop3ClientMachine();
        var output = new ArrayBufferWriter<byte>();
        var owner = new RecordingPop3Client(this, machine, output);
        Present('S', cut, presented => machine.Receive(presented, owner));
        return new Played(Octets.Show(output.WrittenSpan), Octets.Show(Join('C')), owner.Calls(), _calls);
    }

    private delegate int Receiver(ReadOnlySpan<byte> presented);

    private void Present(char side, Cut cut, Receiver receive)
    {
        var input = Join(side);
        var lengths = _lines.Where(l => l.Side == side).Select(l => l.Octets.Length);
        int start = 0, end = 0;
        foreach (var piece in cut switch { Cut.Whole => [input.Length], Cut.ByByte => Enumerable.Repeat(1, input.Length), _ => lengths })
        {
            end += piece;
            start += receive(input.AsSpan(start, end - start));
        }
    }

    private byte[] Join(char side) => [.. _lines.Where(l => l.Side == side).SelectMany(l => l.Octets)];

    internal static string Text(ReadOnlySpan<byte> octets) => Encoding.Latin1.GetString(octets);
}
