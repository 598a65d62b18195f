using System.Buffers;
using MailBench.Wire.Pop3;

namespace MailBench.Testing.Pop3;

/// <summary>
/// Plays POP3's dialogues. Directives of a server's file: <c>@user NAME PASSWORD</c> (who may log in), <c>@message CONTENT</c> (with LF or CRLF, as a file would have it), <c>@gone N</c> (message N cannot be
/// read), <c>@stuck</c> (deletions fail), <c>@busy</c> (the maildrop is in use). Of a client's file: <c>@send VERB [ARGUMENT]</c> (after the reply before), <c>@group</c> (all at once after the greeting).
/// </summary>
public sealed class Pop3Transcript(Dialogue dialogue)
{
    public List<(string Name, string Value)> Directives => dialogue.Directives;

    public static Pop3Transcript Load(string path) => new(Dialogue.Load(path));

    /// <summary>Plays the client's part to a server machine. <paramref name="later"/>: the owner answers only after the call that asked it.</summary>
    public Played PlayServer(Cut cut, bool later)
    {
        var machine = new Pop3ServerMachine(dialogue.Options(new Pop3ServerOptions { HostName = "pop.test" }));
        var output = new ArrayBufferWriter<byte>();
        var owner = new RecordingPop3Server(this, machine, output, later);
        machine.Greet(output);
        dialogue.Present('C', cut, presented =>
        {
            var consumed = 0;
            int taken;
            do
            {
                taken = machine.Receive(presented[consumed..], owner, output);
                consumed += taken;

                // The handshake is another's matter, and takes no time here.
                if (machine.AwaitsTls) machine.Secured();
            }
            while (owner.AnswerOwed() || (taken > 0 && consumed < presented.Length));
            return consumed;
        });
        return dialogue.Result(output.WrittenSpan, 'S', owner.Calls);
    }

    /// <summary>Plays the server's part to a client machine.</summary>
    public Played PlayClient(Cut cut)
    {
        var machine = new Pop3ClientMachine();
        var output = new ArrayBufferWriter<byte>();
        var owner = new RecordingPop3Client(this, machine, output);
        dialogue.Present('S', cut, presented => machine.Receive(presented, owner));
        return dialogue.Result(output.WrittenSpan, 'C', owner.Calls());
    }
}
