namespace MailBench.Wire.Smtp;

/// <summary>What a server machine announces and allows. Several machines share one instance: its replies are encoded once.</summary>
public sealed record SmtpServerOptions
{
    public required string HostName { get; init; }

    /// <summary>After the host name in the greeting.</summary>
    public string Software { get; init; } = "ESMTP MailBench";

    /// <summary>Octets of content (after unstuffing); 0: no fixed limit.</summary>
    public long MaxMessageBytes { get; init; } = 32L << 20;
    public int MaxRecipients { get; init; } = 1000;

    /// <summary>Octets of a command line, CRLF included (RFC 5321 §4.5.3.1.4 asks for 512, extensions for more).</summary>
    public int MaxCommandLine { get; init; } = 2048;

    /// <summary>Octets of a line of content, CRLF included; a longer one refuses the message (RFC 5321 §4.5.3.1.6 asks for 1,000).</summary>
    public int MaxContentLine { get; init; } = 64 << 10;

    /// <summary>Bad commands in a session before 421, since the last accepted message.</summary>
    public int MaxErrors { get; init; } = 20;

    /// <summary>A recipient that the owner refuses for good (5xx) counts as a bad command: who guesses addresses makes many.</summary>
    public bool RefusalsAreErrors { get; init; }
    public bool Pipelining { get; init; } = true;

    /// <summary>
    /// Speak LMTP (RFC 2033): LHLO greets, HELO and EHLO are unknown, and end of data has a reply for every accepted recipient, in the order of RCPT: a single reply of the owner goes for
    /// all of them, and with the answer left open <see cref="SmtpServerMachine.Resume"/> is owed once a recipient.
    /// </summary>
    public bool Lmtp { get; init; }

    /// <summary>Announce SIZE (RFC 1870); the limit itself is kept in any case.</summary>
    public bool Size { get; init; } = true;
    public bool EightBitMime { get; init; } = true;
    public bool EnhancedStatusCodes { get; init; } = true;

    /// <summary>Offer CHUNKING and take BDAT (RFC 3030). BINARYMIME is never offered: content is lines, and what relays it further must be able to send it by DATA.</summary>
    public bool Chunking { get; init; } = true;

    /// <summary>Offer STARTTLS (RFC 3207): the owner can do TLS.</summary>
    public bool StartTls { get; init; }

    /// <summary>Announce the limits that are kept (RFC 9422): RCPTMAX, and MAILMAX and RCPTDOMAINMAX where they are set.</summary>
    public bool Limits { get; init; } = true;

    /// <summary>MAIL commands of a session (MAILMAX); one more is answered 421. 0: no limit.</summary>
    public int MaxMails { get; init; }

    /// <summary>Different domains of a session's recipients (RCPTDOMAINMAX); one more is answered 452. 0: no limit.</summary>
    public int MaxRecipientDomains { get; init; }

    /// <summary>Refuse a message with a bare CR or LF (the smuggling defence). Never recognised as line ends whatever this says.</summary>
    public bool RefuseBareLineEnds { get; init; } = true;
}
