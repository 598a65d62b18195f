using System.Buffers;
using MailBench.Wire.Imap;

namespace MailBench.Testing.Imap;

/// <summary>
/// Plays IMAP's dialogues. <c>u</c> logs in with <c>p</c>. Directives of a server's file: <c>@answer verb = [UNTAGGED\r\n…]STATUS TEXT</c> (OK done unless said; <c>append</c>: why it is refused at once;
/// <c>idle</c>: octets that are told in it). Of a client's file: <c>@send [UID ]VERB ARGUMENTS</c> (after the answer before), <c>@group</c> (all at once after the greeting).
/// </summary>
public sealed class ImapTranscript(Dialogue dialogue)
{
    public static ImapTranscript Load(string path) => new(Dialogue.Load(path));

    /// <summary>Plays the client's part to a server machine. <paramref name="later"/>: the owner answers only after the call that asked it.</summary>
    public Played PlayServer(Cut cut, bool later)
    {
        var answers = dialogue.Directives.Where(static one => one.Name == "@answer").Select(static one => one.Value.Split(" = ", 2)).ToDictionary(static one => one[0], static one => one[1]);
        var owner = new RecordingImapServer(later, dialogue.Options(new ImapServerOptions { HostName = "imap.test" }), answers);
        dialogue.Present('C', cut, owner.Take);
        return dialogue.Result(owner.Output.WrittenSpan, 'S', owner.Calls);
    }

    /// <summary>Plays the server's part to a client machine.</summary>
    public Played PlayClient(Cut cut)
    {
        var output = new ArrayBufferWriter<byte>();
        var owner = new RecordingImapClient(dialogue, output);
        dialogue.Present('S', cut, presented => owner.Machine.Receive(presented, owner));
        return dialogue.Result(output.WrittenSpan, 'C', owner.Calls());
    }
}
