using System.Buffers;
using System.Text;
using MailBench.Testing.Smtp;
using MailBench.Wire.Imap;

namespace MailBench.Testing.Imap;

/// <summary>
/// An owner of an IMAP server machine: writes down its calls, answers at once or later, OK to all but what the table of answers says otherwise (by the command's verb), lets <c>u</c> log in with <c>p</c>.
/// </summary>
public sealed class RecordingImapServer : IImapServerSession
{
    private readonly bool _later;
    private readonly IReadOnlyDictionary<string, string> _answers;
    private readonly Queue<Action> _owed = new();
    private readonly StringBuilder _content = new();

    public RecordingImapServer(bool later, ImapServerOptions? options = null, IReadOnlyDictionary<string, string>? answers = null)
    {
        _later = later;
        _answers = answers ?? new Dictionary<string, string>();
        Machine = new ImapServerMachine(options ?? new ImapServerOptions { HostName = "imap.test" });
        Machine.Greet(Output);
        GreetingLength = Output.WrittenCount;
        if (answers is null) Output.ResetWrittenCount();
    }

    public ImapServerMachine Machine { get; }
    public ArrayBufferWriter<byte> Output { get; } = new();
    public int GreetingLength { get; }
    public List<string> Calls { get; } = [];
    public List<ImapCommand> Commands { get; } = [];

    /// <summary>Presents octets, whole or cut into pieces of these lengths over and over.</summary>
    public void Present(ReadOnlySpan<byte> octets, int[]? cuts = null)
    {
        int start = 0, end = 0;
        for (var i = 0; end < octets.Length; i++)
        {
            end = cuts is null ? octets.Length : Math.Min(octets.Length, end + cuts[i % cuts.Length]);
            start += Take(octets[start..end]);
        }
    }

    /// <summary>Presents octets until nothing more is taken and no answer is owed; returns how many were taken.</summary>
    public int Take(ReadOnlySpan<byte> presented)
    {
        var consumed = 0;
        int taken;
        bool answered;
        do
        {
            taken = Machine.Receive(presented[consumed..], this, Output);
            consumed += taken;

            // The handshake is another's matter, and takes no time here.
            if (Machine.AwaitsTls) Machine.Secured();
            answered = _owed.TryDequeue(out var answer);
            answer?.Invoke();
        }
        while (answered || (taken > 0 && consumed < presented.Length));
        return consumed;
    }

    public void OnLogin(ReadOnlySpan<byte> user, ReadOnlySpan<byte> password)
    {
        var right = user.SequenceEqual("u"u8) && password.SequenceEqual("p"u8);
        Calls.Add($"login {Octets.Show(user)} {Octets.Show(password)}");
        Answer(() =>
        {
            if (right) Machine.LogIn(Output);
            else Machine.RefuseLogin(Output);
        });
    }

    public void OnCommand(ImapCommand command)
    {
        var written = new ArrayBufferWriter<byte>();
        command.WriteTo(written);
        Commands.Add(command);
        Calls.Add($"command {Octets.Show(written.WrittenSpan)}");
        Answer(() => Complete(command));
    }

    public string? OnAppend(ImapCommand command, long octets)
    {
        var written = new ArrayBufferWriter<byte>();
        command.WriteTo(written);
        Calls.Add($"append {octets} {Octets.Show(written.WrittenSpan)}");
        return _answers.GetValueOrDefault("append");
    }

    public void OnAppendContent(ReadOnlySpan<byte> octets) => _content.Append(Octets.Show(octets));

    public void OnAppendEnd()
    {
        Calls.Add($"content {_content}");
        _content.Clear();
        Answer(() => Machine.Complete(ImapStatus.Ok, "appended"u8, Output));
    }

    public void OnAppendAbandoned()
    {
        Calls.Add($"abandoned {_content}");
        _content.Clear();
    }

    public void OnIdle()
    {
        Calls.Add("idle");
        if (_answers.TryGetValue("idle", out var update)) Output.Write(Octets.Read(update));
    }

    public void OnIdleEnded() => Calls.Add("idle ended");

    /// <summary>An answer is <c>[UNTAGGED LINE\r\n…]STATUS TEXT</c>.</summary>
    private void Complete(ImapCommand command)
    {
        var text = _answers.GetValueOrDefault(command.Verb.ToString().ToLowerInvariant(), "OK done");
        var last = text.LastIndexOf("\\n", StringComparison.Ordinal);
        if (last >= 0) Output.Write(Octets.Read(text[..(last + 2)]));
        var words = text[(last < 0 ? 0 : last + 2)..].Split(' ', 2);
        var status = Enum.Parse<ImapStatus>(words[0], ignoreCase: true);
        if (command.Verb is ImapVerb.Select or ImapVerb.Examine) Machine.SetSelected(status == ImapStatus.Ok);
        if (command.Verb is ImapVerb.Close or ImapVerb.Unselect && status == ImapStatus.Ok) Machine.SetSelected(false);
        Machine.Complete(status, Encoding.ASCII.GetBytes(words[1]), Output);
    }

    private void Answer(Action answer)
    {
        if (_later) _owed.Enqueue(answer);
        else answer();
    }
}
