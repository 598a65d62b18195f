using System.Buffers;
using System.Globalization;
using MailBench.Testing.Smtp;
using MailBench.Wire.Pop3;

namespace MailBench.Testing.Pop3;

/// <summary>An owner of a POP3 server machine with the maildrop of a transcript: writes down its calls, answers at once or later.</summary>
internal sealed class RecordingPop3Server(Pop3Transcript transcript, Pop3ServerMachine machine, IBufferWriter<byte> output, bool later) : IPop3ServerSession
{
    private readonly List<byte[]> _messages = [.. transcript.Directives.Where(d => d.Name == "@message").Select(d => Octets.Read(d.Value))];
    private readonly HashSet<int> _gone = [.. transcript.Directives.Where(d => d.Name == "@gone").Select(d => int.Parse(d.Value, CultureInfo.InvariantCulture) - 1)];
    private readonly Queue<Action> _owed = new();

    public List<string> Calls { get; } = [];

    /// <summary>Gives an answer that was put off; false when none is owed.</summary>
    public bool AnswerOwed()
    {
        if (!_owed.TryDequeue(out var answer)) return false;
        answer();
        return true;
    }

    public void OnLogin(ReadOnlySpan<byte> user, ReadOnlySpan<byte> password)
    {
        var who = $"{Octets.Show(user)} {Octets.Show(password)}";
        Calls.Add($"login {who}");
        Answer(() =>
        {
            if (!Has("@user", who)) machine.Refuse(Pop3LoginRefusal.Credentials, output);
            else if (transcript.Directives.Exists(static d => d.Name == "@busy")) machine.Refuse(Pop3LoginRefusal.InUse, output);
            else machine.Open(new Maildrop(_messages), output);
        });
    }

    public void OnRetrieve(int index, bool whole)
    {
        Calls.Add($"{(whole ? "retrieve" : "top")} {index}");
        Answer(() =>
        {
            if (_gone.Contains(index))
            {
                machine.RefuseContent(output);
                return;
            }

            machine.BeginContent(output);
            for (var at = 0; at < _messages[index].Length && machine.WantsContent; at++) machine.WriteContent(_messages[index].AsSpan(at, 1), output);
            machine.EndContent(output);
        });
    }

    public void OnUpdate()
    {
        Calls.Add("update" + string.Concat(Enumerable.Range(0, _messages.Count).Where(machine.IsDeleted).Select(i => $" {i}")));
        Answer(() => machine.Close(removed: !transcript.Directives.Exists(static d => d.Name == "@stuck"), output));
    }

    private bool Has(string name, string value) => transcript.Directives.Exists(d => d.Name == name && d.Value == value);

    private void Answer(Action answer)
    {
        if (later) _owed.Enqueue(answer);
        else answer();
    }

    private sealed class Maildrop(List<byte[]> messages) : IPop3Maildrop
    {
        public int Count => messages.Count;

        public long SizeOf(int index) => default(LineEnding).Measure(messages[index]);

        public ReadOnlySpan<byte> UidOf(int index) => System.Text.Encoding.ASCII.GetBytes($"uid-{index}");
    }
}
