using System.Buffers;
using System.Globalization;
using MailBench.Testing.Smtp;
using MailBench.Wire.Pop3;

namespace MailBench.Testing.Pop3;

/// <summary>An owner of a POP3 client machine that sends the commands of a transcript, one after another or as a group, and writes down what it hears.</summary>
internal sealed class RecordingPop3Client(Pop3Transcript transcript, Pop3ClientMachine machine, IBufferWriter<byte> output) : IPop3ClientSession
{
    private readonly Queue<string> _commands = new(transcript.Directives.Where(d => d.Name == "@send").Select(d => d.Value));
    private readonly bool _grouped = transcript.Directives.Exists(static d => d.Name == "@group");
    private readonly List<string> _calls = [];
    private readonly List<byte> _content = [];

    public List<string> Calls()
    {
        Flush();
        if (machine.Fault is { } fault) _calls.Add($"fault {fault}");
        if (machine.ShouldClose) _calls.Add("close");
        return _calls;
    }

    public void OnReply(Pop3Verb verb, int argument, bool ok, ReadOnlySpan<byte> text)
    {
        Flush();
        _calls.Add($"{verb}{Number(argument)} {(ok ? "ok" : "no")} {Octets.Show(text)}".TrimEnd());
        if (!machine.HasBody) SendNext();
    }

    public void OnLine(Pop3Verb verb, ReadOnlySpan<byte> line) => _calls.Add($"{verb} line {Octets.Show(line)}");

    public void OnContent(int argument, ReadOnlySpan<byte> octets) => _content.AddRange(octets);

    public void OnEnd(Pop3Verb verb, int argument)
    {
        Flush();
        _calls.Add($"{verb}{Number(argument)} end");
        SendNext();
    }

    private void SendNext()
    {
        while (_commands.TryDequeue(out var command))
        {
            var words = command.Split(' ', 3);
            var verb = Enum.Parse<Pop3Verb>(words[0], ignoreCase: true);
            if (words.Length > 1 && int.TryParse(words[1], out var message)) machine.Send(verb, message, output, words.Length > 2 ? int.Parse(words[2], CultureInfo.InvariantCulture) : 0);
            else machine.Send(verb, Octets.Read(command[words[0].Length..].TrimStart()), output);
            if (!_grouped) return;
        }
    }

    private void Flush()
    {
        if (_content.Count > 0) _calls.Add($"content {Octets.Show([.. _content])}");
        _content.Clear();
    }

    private static string Number(int argument) => argument == 0 ? "" : $" {argument}";
}
