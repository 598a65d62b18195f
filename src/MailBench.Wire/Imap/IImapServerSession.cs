namespace MailBench.Wire.Imap;

/// <summary>How a command ends (RFC 3501 §7.1).</summary>
public enum ImapStatus : byte { Ok, No, Bad }

/// <summary>
/// What an IMAP server machine asks its owner. A call that owes an answer gets it by the named method of the machine, at once or later; input waits until then. The owner writes untagged
/// responses itself, before the answer.
/// </summary>
public interface IImapServerSession
{
    /// <summary>Answer: <see cref="ImapServerMachine.LogIn"/> or <see cref="ImapServerMachine.RefuseLogin"/>. The spans hold only during the call.</summary>
    void OnLogin(ReadOnlySpan<byte> user, ReadOnlySpan<byte> password);

    /// <summary>A command that the machine does not answer itself, in a state that allows it. Answer: <see cref="ImapServerMachine.Complete"/>.</summary>
    void OnCommand(ImapCommand command);

    /// <summary>APPEND begins: so many octets of content will come. An answer other than null refuses (text with or without response code): the content is read and dropped.</summary>
    string? OnAppend(ImapCommand command, long octets);

    /// <summary>A piece of APPEND's content, as it came. The span holds only during the call.</summary>
    void OnAppendContent(ReadOnlySpan<byte> octets);

    /// <summary>APPEND's content is whole. Answer: <see cref="ImapServerMachine.Complete"/>.</summary>
    void OnAppendEnd();

    /// <summary>The command that APPEND began was bad after all, or the session ended within it: what came is to be dropped.</summary>
    void OnAppendAbandoned();

    /// <summary>IDLE has begun (RFC 2177): while <see cref="ImapServerMachine.IsIdling"/> untagged responses may be written at any time.</summary>
    void OnIdle();

    /// <summary>IDLE ends; its answer is written by the machine behind this call.</summary>
    void OnIdleEnded();
}
