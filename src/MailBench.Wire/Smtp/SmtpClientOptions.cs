namespace MailBench.Wire.Smtp;

public sealed record SmtpClientOptions
{
    /// <summary>The client's name or address literal, said in EHLO.</summary>
    public required string HeloName { get; init; }

    /// <summary>Send MAIL, RCPT and DATA as one group when the server offers PIPELINING (RFC 2920).</summary>
    public bool Pipelining { get; init; } = true;
}
