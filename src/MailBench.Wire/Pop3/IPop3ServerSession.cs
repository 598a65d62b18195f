namespace MailBench.Wire.Pop3;

/// <summary>Why a login is refused; each has its response code (RFC 2449 §8, RFC 3206).</summary>
public enum Pop3LoginRefusal : byte
{
    /// <summary>Name or password is wrong, and nobody says which: <c>[AUTH]</c>.</summary>
    Credentials,

    /// <summary>Another session holds the maildrop: <c>[IN-USE]</c>.</summary>
    InUse,

    /// <summary>The maildrop cannot be read now: <c>[SYS/TEMP]</c>.</summary>
    Unavailable,
}

/// <summary>
/// What a POP3 server machine asks its owner. Each call is owed an answer by the named method of the machine, at once or later; input waits until then.
/// </summary>
public interface IPop3ServerSession
{
    /// <summary>Answer: <see cref="Pop3ServerMachine.Open"/> or <see cref="Pop3ServerMachine.Refuse"/>. The spans hold only during the call.</summary>
    void OnLogin(ReadOnlySpan<byte> user, ReadOnlySpan<byte> password);

    /// <summary>
    /// RETR or TOP. Answer: <see cref="Pop3ServerMachine.BeginContent"/>, pieces by <see cref="Pop3ServerMachine.WriteContent"/>, <see cref="Pop3ServerMachine.EndContent"/>; or
    /// <see cref="Pop3ServerMachine.RefuseContent"/> instead of all of them.
    /// </summary>
    /// <param name="index">The message, from 0.</param>
    /// <param name="whole">RETR; with TOP a producer may stop as soon as <see cref="Pop3ServerMachine.WantsContent"/> is false.</param>
    void OnRetrieve(int index, bool whole);

    /// <summary>QUIT after a login: remove what <see cref="Pop3ServerMachine.IsDeleted"/> marks, let the maildrop go. Answer: <see cref="Pop3ServerMachine.Close"/>.</summary>
    void OnUpdate();
}
