namespace MailBench.Runs.Probes;

/// <summary>A transaction as the recording peer saw it.</summary>
/// <param name="Host">The peer's address that was chosen.</param>
/// <param name="Session">Number of the connection, all hosts together.</param>
/// <param name="MailParameters">What stood behind the reverse-path.</param>
/// <param name="Refused">Recipients that got no 250.</param>
/// <param name="Content">Octets after unstuffing, one character each.</param>
/// <param name="Chunked">By BDAT (RFC 3030).</param>
/// <param name="Pipelined">Some command came before the reply to the one before.</param>
/// <param name="Overlapped">Its MAIL came before the reply to the content before it.</param>
internal sealed record PeerTransaction(
    string Host, int Session, string ReversePath, string MailParameters, IReadOnlyList<string> Recipients, IReadOnlyList<string> Refused, string Content, bool Chunked, bool Pipelined, bool Overlapped);
