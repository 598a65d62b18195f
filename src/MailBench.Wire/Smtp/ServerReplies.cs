using System.Runtime.CompilerServices;

namespace MailBench.Wire.Smtp;

/// <summary>
/// The replies of a server machine, encoded once for all sessions that share the same options. Enhanced codes (RFC 3463) stand in all but the greeting, the answers
/// to HELO and EHLO, and 354 (RFC 2034 §4). No reply echoes what a client sent.
/// </summary>
internal sealed class ServerReplies
{
    private static readonly ConditionalWeakTable<SmtpServerOptions, ServerReplies> Encoded = [];

    private readonly bool _enhanced;

    private ServerReplies(SmtpServerOptions options)
    {
        _enhanced = options.EnhancedStatusCodes;
        Greeting = SmtpReply.Of(220, null, $"{options.HostName} {options.Software}");
        Helo = SmtpReply.Of(250, null, options.HostName);
        Ehlo = SmtpReply.Of(250, null, Capabilities(options));
        EhloSecure = options.StartTls ? SmtpReply.Of(250, null, Capabilities(options with { StartTls = false })) : Ehlo;
        StartContent = SmtpReply.Of(354, null, "End data with <CR><LF>.<CR><LF>");

        MailOk = Make(250, "2.1.0", "Sender ok");
        RcptOk = Make(250, "2.1.5", "Recipient ok");
        Ok = Make(250, "2.0.0", "Ok");
        Bye = Make(221, "2.0.0", $"{options.HostName} closing");
        Verify = Make(252, "2.0.0", "Cannot verify; send the message and see");
        Help = Make(214, "2.0.0", $"{(options.Lmtp ? "LHLO" : "HELO EHLO")} MAIL RCPT DATA {(options.Chunking ? "BDAT " : "")}RSET NOOP VRFY HELP QUIT; see RFC {(options.Lmtp ? 2033 : 5321)}");
        StartTls = Make(220, "2.0.0", "Ready to start TLS");
        SecureAlready = Make(503, "5.5.1", "This is TLS already");
        ChunkOk = Make(250, "2.0.0", "Chunk taken");

        Unknown = Make(500, "5.5.1", "Command not recognized");
        NotImplemented = Make(502, "5.5.1", "Command not implemented");
        LineTooLong = Make(500, "5.5.2", $"Line too long: at most {options.MaxCommandLine} octets");
        ControlCharacter = Make(500, "5.5.2", "Control characters in a command; lines end in CR LF, see RFC 5321 section 2.3.8");
        TooManyErrors = Make(421, "4.7.0", "Too many errors, closing");

        HeloSyntax = Make(501, "5.5.4", options.Lmtp ? "Syntax: LHLO and one host name or address literal" : "Syntax: HELO or EHLO and one host name or address literal");
        NoArgument = Make(501, "5.5.4", "This command takes no argument");
        ArgumentMissing = Make(501, "5.5.4", "An argument is missing");
        MailSyntax = Make(501, "5.5.4", "Syntax: MAIL FROM:<address> and parameters");
        RcptSyntax = Make(501, "5.5.4", "Syntax: RCPT TO:<address>");
        SenderSyntax = Make(501, "5.1.7", "Bad sender address syntax");
        RecipientSyntax = Make(501, "5.1.3", "Bad recipient address syntax");
        ParameterSyntax = Make(501, "5.5.4", "Bad value of a parameter");
        ParameterUnknown = Make(555, "5.5.4", "Parameter not recognized or not implemented");

        HeloFirst = Make(503, "5.5.1", options.Lmtp ? "Send LHLO first" : "Send EHLO first");
        MailFirst = Make(503, "5.5.1", "Send MAIL first");
        MailNested = Make(503, "5.5.1", "A transaction is open already");
        ChunksBegun = Make(503, "5.5.1", "BDAT has begun: BDAT or RSET must follow");
        ChunkFailed = Make(503, "5.5.1", "The message has failed already, send RSET");
        ChunkSyntax = Make(501, "5.5.4", "Syntax: BDAT octets and LAST behind the last chunk; closing, since what follows cannot be told from commands");
        TooManyMails = Make(421, "4.5.3", $"Too many transactions: at most {options.MaxMails} in a session");
        TooManyDomains = Make(452, "4.5.3", $"Too many recipient domains: at most {options.MaxRecipientDomains} in a session");
        NoRecipients = Make(options.Lmtp ? 503 : 554, "5.5.1", "No valid recipients"); // RFC 2033 §4.2 asks for 503
        TooManyRecipients = Make(452, "4.5.3", $"Too many recipients: at most {options.MaxRecipients} in a transaction");

        TooLarge = Make(552, "5.3.4", $"Message too large: at most {options.MaxMessageBytes} octets");
        BareLf = Make(554, "5.6.0", "Message refused: bare LF in content, lines end in CR LF, see RFC 5321 section 2.3.8");
        BareCr = Make(554, "5.6.0", "Message refused: bare CR in content, lines end in CR LF, see RFC 5321 section 2.3.8");
        LongLine = Make(554, "5.6.0", $"Message refused: a line of content is longer than {options.MaxContentLine} octets");
    }

    public SmtpReply Greeting { get; }
    public SmtpReply Helo { get; }
    public SmtpReply Ehlo { get; }

    /// <summary>Within TLS STARTTLS is not offered again (RFC 3207 §4.2).</summary>
    public SmtpReply EhloSecure { get; }
    public SmtpReply StartTls { get; }
    public SmtpReply SecureAlready { get; }
    public SmtpReply StartContent { get; }
    public SmtpReply MailOk { get; }
    public SmtpReply RcptOk { get; }
    public SmtpReply Ok { get; }
    public SmtpReply Bye { get; }
    public SmtpReply Verify { get; }
    public SmtpReply Help { get; }
    public SmtpReply Unknown { get; }
    public SmtpReply NotImplemented { get; }
    public SmtpReply LineTooLong { get; }
    public SmtpReply ControlCharacter { get; }
    public SmtpReply TooManyErrors { get; }
    public SmtpReply HeloSyntax { get; }
    public SmtpReply NoArgument { get; }
    public SmtpReply ArgumentMissing { get; }
    public SmtpReply MailSyntax { get; }
    public SmtpReply RcptSyntax { get; }
    public SmtpReply SenderSyntax { get; }
    public SmtpReply RecipientSyntax { get; }
    public SmtpReply ParameterSyntax { get; }
    public SmtpReply ParameterUnknown { get; }
    public SmtpReply HeloFirst { get; }
    public SmtpReply MailFirst { get; }
    public SmtpReply MailNested { get; }
    public SmtpReply ChunkOk { get; }
    public SmtpReply ChunksBegun { get; }
    public SmtpReply ChunkFailed { get; }
    public SmtpReply ChunkSyntax { get; }
    public SmtpReply TooManyMails { get; }
    public SmtpReply TooManyDomains { get; }
    public SmtpReply NoRecipients { get; }
    public SmtpReply TooManyRecipients { get; }
    public SmtpReply TooLarge { get; }
    public SmtpReply BareLf { get; }
    public SmtpReply BareCr { get; }
    public SmtpReply LongLine { get; }

    public static ServerReplies For(SmtpServerOptions options) => Encoded.GetValue(options, static given => new ServerReplies(given));

    private static string Capabilities(SmtpServerOptions options)
    {
        List<string> lines = [options.HostName];
        if (options.Pipelining) lines.Add("PIPELINING");
        if (options.Size) lines.Add($"SIZE {options.MaxMessageBytes}");
        if (options.EightBitMime) lines.Add("8BITMIME");
        if (options.EnhancedStatusCodes) lines.Add("ENHANCEDSTATUSCODES");
        if (options.Chunking) lines.Add("CHUNKING");
        if (options.StartTls) lines.Add("STARTTLS");
        if (options.Limits) lines.Add(Limits(options));
        return string.Join('\n', lines);
    }

    private static string Limits(SmtpServerOptions options)
    {
        var text = $"LIMITS RCPTMAX={options.MaxRecipients}";
        if (options.MaxMails > 0) text += $" MAILMAX={options.MaxMails}";
        return options.MaxRecipientDomains > 0 ? $"{text} RCPTDOMAINMAX={options.MaxRecipientDomains}" : text;
    }

    private SmtpReply Make(int code, string enhanced, string text) => SmtpReply.Of(code, _enhanced ? enhanced : null, text);
}
