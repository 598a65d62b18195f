using System.Buffers;
using System.Text;

namespace MailBench.Wire.Smtp;

/// <summary>The server's side of ESMTP (RFC 5321) or LMTP (RFC 2033), pure: octets in, calls to its owner and octets out. The same octets under any fragmentation give the same calls.</summary>
public sealed partial class SmtpServerMachine(SmtpServerOptions options)
{
    private enum Mode : byte { BeforeGreeting, Command, Content, Chunk, Waiting, AwaitsTls }

    private readonly ServerReplies _replies = ServerReplies.For(options);
    private Mode _mode;
    private bool _greetedByClient;
    private bool _mailRefused;
    private LineFramer _lines;
    private int _recipients;
    private int _errors;
    private int _mails;

    public SmtpServerOptions Options { get; } = options;

    /// <summary>QUIT was answered, too many errors were made or a 421 was said: close after the output has left. What still comes in is dropped.</summary>
    public bool ShouldClose { get; private set; }

    /// <summary>An answer to end of data is owed; call <see cref="Resume"/>.</summary>
    public bool IsWaiting => _mode == Mode.Waiting;

    /// <summary>STARTTLS was answered: every octet behind it is TLS's. Call <see cref="Secured"/> when that stands.</summary>
    public bool AwaitsTls => _mode == Mode.AwaitsTls;

    /// <summary>What comes is within TLS.</summary>
    public bool IsSecure { get; private set; }

    /// <summary>Content is being received, or a line that is too long.</summary>
    public bool InContent => _mode is Mode.Content or Mode.Chunk || _lines.IsPassing;

    /// <summary>A transaction is open (MAIL accepted).</summary>
    public bool InTransaction { get; private set; }

    /// <summary>Writes the greeting; a <paramref name="refusal"/> (421, 554) is written instead and closes the session. Nothing is consumed before.</summary>
    public void Greet(IBufferWriter<byte> output, SmtpReply? refusal = null)
    {
        if (_mode != Mode.BeforeGreeting) throw new InvalidOperationException("The greeting was sent already.");
        (refusal ?? _replies.Greeting).WriteTo(output);
        ShouldClose = refusal is not null;
        _mode = Mode.Command;
    }

    /// <summary>TLS stands, after STARTTLS or before the greeting. What was said in the clear is forgotten: the client greets again (RFC 3207 §4.2).</summary>
    public void Secured()
    {
        if (_mode is not (Mode.AwaitsTls or Mode.BeforeGreeting)) throw new InvalidOperationException($"The machine is in {_mode}.");
        IsSecure = true;
        _greetedByClient = false;
        if (_mode == Mode.AwaitsTls) _mode = Mode.Command;
    }

    /// <summary>
    /// Takes octets as they come; returns how many were consumed (what remains is to be presented again, with more behind it, or after
    /// <see cref="Resume"/>). Replies of a pipelined group are written together.
    /// </summary>
    public int Receive(ReadOnlySpan<byte> input, ISmtpServerSession owner, IBufferWriter<byte> output)
    {
        var consumed = 0;
        while (consumed < input.Length && !ShouldClose)
        {
            var rest = input[consumed..];
            var taken = _mode switch
            {
                Mode.Command => ReceiveLine(rest, owner, output),
                Mode.Content => ReceiveContent(rest, owner, output),
                Mode.Chunk => ReceiveChunk(rest, owner, output),
                _ => 0,
            };
            if (taken == 0) return consumed;
            consumed += taken;
        }

        return input.Length;
    }

    /// <summary>
    /// The answer to the end of data that was left open; with <see cref="SmtpServerOptions.Lmtp"/> the answer for the next recipient, until <see cref="IsWaiting"/> is false. Present the
    /// unconsumed input again afterwards.
    /// </summary>
    public void Resume(SmtpReply reply, IBufferWriter<byte> output)
    {
        EndWaiting();
        if (reply.IsPositive) _errors = 0;
        Say(reply, output);
    }

    /// <summary>The same with a positive reply in its wire form, for one that is made for each message.</summary>
    public void ResumeAccepted(ReadOnlySpan<byte> encodedReply, IBufferWriter<byte> output)
    {
        EndWaiting();
        _errors = 0;
        output.Write(encodedReply);
    }

    private void EndWaiting()
    {
        if (_mode != Mode.Waiting) throw new InvalidOperationException("No answer to end of data is owed.");
        if (Options.Lmtp && --_recipients > 0) return;
        _mode = Mode.Command;
        ForgetTransaction();
    }

    private int ReceiveLine(ReadOnlySpan<byte> input, ISmtpServerSession owner, IBufferWriter<byte> output)
    {
        switch (_lines.Next(input, Options.MaxCommandLine, out var taken, out var line))
        {
            case LineStep.Line: Perform(line, owner, output); break;
            case LineStep.TooLong: Blame(_replies.LineTooLong, output); break;
        }

        return taken;
    }

    private void Perform(ReadOnlySpan<byte> line, ISmtpServerSession owner, IBufferWriter<byte> output)
    {
        if (CommandLine.HasControl(line))
        {
            Blame(_replies.ControlCharacter, output);
            return;
        }

        var command = CommandLine.Parse(line);
        switch (command.Verb)
        {
            case SmtpVerb.Mail: Mail(command.Argument, owner, output); break;
            case SmtpVerb.Rcpt: Rcpt(command.Argument, owner, output); break;
            case SmtpVerb.Data: Data(command.Argument, owner, output); break;
            case SmtpVerb.Bdat when Options.Chunking: Bdat(command.Argument, owner, output); break;
            case SmtpVerb.Ehlo when !Options.Lmtp: Helo(command.Argument, extended: true, owner, output); break;
            case SmtpVerb.Helo when !Options.Lmtp: Helo(command.Argument, extended: false, owner, output); break;
            case SmtpVerb.Lhlo when Options.Lmtp: Helo(command.Argument, extended: true, owner, output); break;
            case SmtpVerb.Rset when command.Argument.IsEmpty:
                VoidTransaction(owner);
                Say(_replies.Ok, output);
                break;
            case SmtpVerb.Quit when command.Argument.IsEmpty:
                VoidTransaction(owner);
                owner.OnQuit();
                Say(_replies.Bye, output);
                ShouldClose = true;
                break;
            case SmtpVerb.Rset or SmtpVerb.Quit: Blame(_replies.NoArgument, output); break;
            case SmtpVerb.Noop: Say(_replies.Ok, output); break;
            case SmtpVerb.Help: Say(_replies.Help, output); break;
            case SmtpVerb.StartTls when Options.StartTls: StartTls(command.Argument, owner, output); break;
            case SmtpVerb.Vrfy when command.Argument.IsEmpty: Blame(_replies.ArgumentMissing, output); break;
            case SmtpVerb.Vrfy: Say(_replies.Verify, output); break;
            case SmtpVerb.NotImplemented or SmtpVerb.StartTls or SmtpVerb.Lhlo or SmtpVerb.Bdat: Blame(_replies.NotImplemented, output); break;
            default: Blame(_replies.Unknown, output); break;
        }
    }

    private void Helo(ReadOnlySpan<byte> name, bool extended, ISmtpServerSession owner, IBufferWriter<byte> output)
    {
        if (name.IsEmpty || name.Contains((byte)' '))
        {
            Blame(_replies.HeloSyntax, output);
            return;
        }

        VoidTransaction(owner);
        var reply = owner.OnHelo(name, extended) ?? (!extended ? _replies.Helo : IsSecure ? _replies.EhloSecure : _replies.Ehlo);
        _greetedByClient |= reply.IsPositive;
        Say(reply, output);
    }

    private void StartTls(ReadOnlySpan<byte> argument, ISmtpServerSession owner, IBufferWriter<byte> output)
    {
        if (!argument.IsEmpty)
        {
            Blame(_replies.NoArgument, output);
        }
        else if (IsSecure)
        {
            Blame(_replies.SecureAlready, output);
        }
        else if (!_greetedByClient)
        {
            Blame(_replies.HeloFirst, output);
        }
        else
        {
            VoidTransaction(owner);
            Say(_replies.StartTls, output);
            if (!ShouldClose) _mode = Mode.AwaitsTls;
        }
    }

    private void Mail(ReadOnlySpan<byte> argument, ISmtpServerSession owner, IBufferWriter<byte> output)
    {
        // Commands that were pipelined behind a refused MAIL are its consequence, not errors of the client.
        _mailRefused = !InTransaction;
        _chunksFailed = false;
        if (Options.MaxMails > 0 && ++_mails > Options.MaxMails) Say(_replies.TooManyMails, output);
        else if (!_greetedByClient) Blame(_replies.HeloFirst, output);
        else if (InTransaction) Blame(_replies.MailNested, output);
        else if (!TryReadKeyword(argument, "FROM:"u8, out var text)) Blame(_replies.MailSyntax, output);
        else if (!PathSyntax.TryRead(text, out var path, out var rest) || !(path.IsEmpty || PathSyntax.HasDomain(path))) Blame(_replies.SenderSyntax, output);
        else if (!rest.IsEmpty && rest[0] != (byte)' ') Blame(_replies.SenderSyntax, output);
        else Mail(path, rest, owner, output);
    }

    private void Mail(ReadOnlySpan<byte> path, ReadOnlySpan<byte> rest, ISmtpServerSession owner, IBufferWriter<byte> output)
    {
        var parameters = MailParameters.Parse(rest, Options.EightBitMime);
        if (parameters.Fault != ParameterFault.None)
        {
            Blame(parameters.Fault == ParameterFault.Unknown ? _replies.ParameterUnknown : _replies.ParameterSyntax, output);
            return;
        }

        if (parameters.SizeBytes > MaxMessageBytes)
        {
            Say(_replies.TooLarge, output);
            return;
        }

        var reply = owner.OnMail(new MailCommand
        {
            Path = path,
            SizeBytes = parameters.SizeBytes,
            Body = parameters.Body,
            Parameters = rest.TrimStart((byte)' '),
        }) ?? _replies.MailOk;
        InTransaction = reply.IsPositive;
        _mailRefused = !InTransaction;
        _recipients = 0;
        Say(reply, output);
    }

    private void Rcpt(ReadOnlySpan<byte> argument, ISmtpServerSession owner, IBufferWriter<byte> output)
    {
        if (!InTransaction) OutOfOrder(output);
        else if (_chunked) Blame(_replies.ChunksBegun, output);
        else if (!TryReadKeyword(argument, "TO:"u8, out var text)) Blame(_replies.RcptSyntax, output);
        else if (!PathSyntax.TryRead(text, out var path, out var rest) || !(PathSyntax.HasDomain(path) || PathSyntax.IsPostmaster(path))) Blame(_replies.RecipientSyntax, output);
        else if (!rest.IsEmpty) Blame(rest[0] == (byte)' ' ? _replies.ParameterUnknown : _replies.RecipientSyntax, output);
        else if (_recipients >= Options.MaxRecipients) Say(_replies.TooManyRecipients, output);
        else if (Options.MaxRecipientDomains > 0 && !TryAddDomain(path)) Say(_replies.TooManyDomains, output);
        else
        {
            var reply = owner.OnRcpt(new RcptCommand { Path = path, Parameters = rest }) ?? _replies.RcptOk;
            if (reply.IsPositive) _recipients++;
            if (reply.Code >= 500 && Options.RefusalsAreErrors) Blame(reply, output);
            else Say(reply, output);
        }
    }

    private void Data(ReadOnlySpan<byte> argument, ISmtpServerSession owner, IBufferWriter<byte> output)
    {
        if (!argument.IsEmpty)
        {
            Blame(_replies.NoArgument, output);
            return;
        }

        if (!InTransaction)
        {
            OutOfOrder(output);
            _mailRefused = false;
            return;
        }

        if (_chunked)
        {
            Blame(_replies.ChunksBegun, output);
            return;
        }

        var reply = _recipients == 0 ? _replies.NoRecipients : owner.OnData() ?? _replies.StartContent;
        if (reply.IsPositive) BeginContent();
        else VoidTransaction(owner);
        Say(reply, output);
    }

    /// <summary>RCPT or DATA without a transaction; behind a refused MAIL or a failed chunk they are a consequence, no error of the client.</summary>
    private void OutOfOrder(IBufferWriter<byte> output)
    {
        var reply = _chunksFailed ? _replies.ChunkFailed : _greetedByClient ? _replies.MailFirst : _replies.HeloFirst;
        if (_mailRefused || _chunksFailed) Say(reply, output);
        else Blame(reply, output);
    }

    /// <summary>Reads <c>FROM:</c> or <c>TO:</c>, and spaces behind it as many clients write them.</summary>
    private static bool TryReadKeyword(ReadOnlySpan<byte> argument, ReadOnlySpan<byte> keyword, out ReadOnlySpan<byte> rest)
    {
        rest = default;
        if (argument.Length < keyword.Length || !Ascii.EqualsIgnoreCase(argument[..keyword.Length], keyword)) return false;
        rest = argument[keyword.Length..].TrimStart((byte)' ');
        return true;
    }

    private void VoidTransaction(ISmtpServerSession owner)
    {
        var open = InTransaction;
        ForgetTransaction();
        if (open) owner.OnReset();
    }

    private void ForgetTransaction()
    {
        InTransaction = false;
        _mailRefused = false;
        _recipients = 0;
        _chunked = false;
        _chunksFailed = false;
    }

    private void Say(SmtpReply reply, IBufferWriter<byte> output)
    {
        reply.WriteTo(output);
        if (reply.Code == 421) ShouldClose = true;
    }

    /// <summary>Answers a bad command, or ends the session when it was one too many.</summary>
    private void Blame(SmtpReply reply, IBufferWriter<byte> output) => Say(++_errors > Options.MaxErrors ? _replies.TooManyErrors : reply, output);
}
