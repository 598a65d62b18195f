using System.Buffers;
using MailBench.Testing.Smtp;
using MailBench.Wire.Imap;

namespace MailBench.Testing.Imap;

/// <summary>An owner of an IMAP client machine that sends the commands of a dialogue, one after another or as a group, and writes down what it hears.</summary>
internal sealed class RecordingImapClient(Dialogue dialogue, IBufferWriter<byte> output) : IImapClientSession
{
    private readonly Queue<string> _commands = new(dialogue.Directives.Where(static one => one.Name == "@send").Select(static one => one.Value));
    private readonly bool _grouped = dialogue.Directives.Exists(static one => one.Name == "@group");
    private readonly List<string> _calls = [];
    private readonly List<byte> _literal = [];

    public ImapClientMachine Machine { get; } = new();

    public List<string> Calls()
    {
        if (Machine.Fault is { } fault) _calls.Add($"fault {fault}");
        if (Machine.ShouldClose) _calls.Add("close");
        return _calls;
    }

    public void OnGreeting(bool ok, ReadOnlySpan<byte> text)
    {
        _calls.Add($"greeting {(ok ? "ok" : "no")} {Octets.Show(text)}");
        SendNext();
    }

    public void OnUntagged(ReadOnlySpan<byte> text, bool goesOn) => _calls.Add($"{(goesOn ? "more" : "untagged")} {Octets.Show(text)}");

    public void OnLiteral(ReadOnlySpan<byte> octets) => _literal.AddRange(octets);

    public void OnLiteralEnd()
    {
        _calls.Add($"literal {Octets.Show([.. _literal])}");
        _literal.Clear();
    }

    public void OnContinuation() => _calls.Add("continuation");

    public void OnTagged(ImapVerb verb, ImapStatus status, ReadOnlySpan<byte> text)
    {
        _calls.Add($"{verb} {status} {Octets.Show(text)}");
        SendNext();
    }

    private void SendNext()
    {
        while (_commands.TryDequeue(out var command))
        {
            var uid = command.StartsWith("UID ", StringComparison.Ordinal);
            var words = command[(uid ? 4 : 0)..].Split(' ', 2);
            Machine.Send(Enum.Parse<ImapVerb>(words[0], ignoreCase: true), words.Length > 1 ? Octets.Read(words[1]) : default, output, uid);
            if (!_grouped) return;
        }
    }
}
