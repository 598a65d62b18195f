using System.Buffers;
using System.Buffers.Text;

namespace MailBench.Wire.Smtp;

/// <summary>A transaction: MAIL, RCPT and DATA (or BDAT) one by one or as a group, content, the final reply, the next envelope sent ahead; and the ways out of it when the server refuses.</summary>
public sealed partial class SmtpClientMachine
{
    private const int AnswerToMail = -1;
    private const int AnswerToClear = -2;

    private IClientEnvelope? _envelope;

    /// <summary>Its group has been sent; its replies come behind the final reply of the transaction before.</summary>
    private IClientEnvelope? _next;

    /// <summary>RFC 3030 §2: behind a refused chunk the state is open until RSET. The next envelope leads with it.</summary>
    private bool _resetOwed;
    private int _recipients;

    /// <summary>How many recipients are answered; below 0: what is answered next.</summary>
    private int _answered;
    private int _accepted;
    private bool _mailRefused;

    /// <summary>Why the transaction ends without content, while RSET or the empty message that ends it is under way.</summary>
    private SmtpReply? _ending;

    private static void Check(IClientEnvelope envelope)
    {
        if (!PathSyntax.IsSafe(envelope.ReversePath)) throw Unsafe("The reverse-path");
        for (var i = 0; i < envelope.RecipientCount; i++)
            if (envelope.Recipient(i).IsEmpty || !PathSyntax.IsSafe(envelope.Recipient(i))) throw Unsafe($"Recipient {i}");
    }

    private static ArgumentException Unsafe(string what) =>
        new($"{what} cannot stand on a command line: it is empty, or has a control character, or a space or angle bracket outside a quoted local part.", nameof(Begin));

    private void StartEnvelope(IClientEnvelope envelope, IBufferWriter<byte> output)
    {
        Expect(envelope);
        var clear = _resetOwed;
        _resetOwed = false;
        if (clear) output.Write("RSET\r\n"u8);
        if (IsPipelined)
        {
            WriteGroup(envelope, output);
            _answered = clear ? AnswerToClear : AnswerToMail;
            _state = State.Group;
        }
        else if (clear)
        {
            _state = State.Clear;
        }
        else
        {
            WriteMail(envelope, output);
            _state = State.Mail;
        }
    }

    /// <summary>
    /// Behind the content, in one flush with it. After a dot the transaction is over whatever the reply (RFC 5321 §4.1.1.4); after a chunk that is refused it may not be, and MAIL would
    /// then be refused while its RCPT and BDAT fell into the old transaction: so RSET leads.
    /// </summary>
    private void SendAhead(IClientEnvelope envelope, IBufferWriter<byte> output)
    {
        if (IsChunked) output.Write("RSET\r\n"u8);
        WriteGroup(envelope, output);
        _next = envelope;
    }

    private void Expect(IClientEnvelope envelope)
    {
        _envelope = envelope;
        _recipients = envelope.RecipientCount;
        _answered = 0;
        _accepted = 0;
        _mailRefused = false;
        _ending = null;
    }

    private void WriteGroup(IClientEnvelope envelope, IBufferWriter<byte> output)
    {
        WriteMail(envelope, output);
        for (var i = 0; i < envelope.RecipientCount; i++) WriteRcpt(envelope, i, output);
        if (!IsChunked) output.Write("DATA\r\n"u8);
    }

    private void TakeTransaction(SmtpReply reply, ISmtpClientSession owner, IBufferWriter<byte> output)
    {
        switch (_state)
        {
            case State.Clear: TakeCleared(reply, owner, output); break;
            case State.Mail: TakeMail(reply, owner, output); break;
            case State.Rcpt: TakeRcpt(reply, owner, output); break;
            case State.Data: TakeData(reply, ClientPhase.Data, owner, output); break;
            case State.Group: TakeOfGroup(reply, owner, output); break;
            case State.Final: TakeFinal(reply, owner); break;
            case State.EmptyFinal: EndWithout(ClientPhase.EndOfData, reply, owner); break;
            case State.Reset: EndWithout(ClientPhase.Reset, reply, owner); break;
        }
    }

    /// <summary>RSET led the envelope. A server that refuses it cannot be trusted with another transaction.</summary>
    private bool IsCleared(SmtpReply reply, ISmtpClientSession owner)
    {
        if (IsDone(reply)) return true;
        Refuse(reply, owner);
        return false;
    }

    private void TakeCleared(SmtpReply reply, ISmtpClientSession owner, IBufferWriter<byte> output)
    {
        if (!IsCleared(reply, owner)) return;
        owner.OnPhase(ClientPhase.Reset, reply);
        WriteMail(_envelope!, output);
        _state = State.Mail;
    }

    private void TakeMail(SmtpReply reply, ISmtpClientSession owner, IBufferWriter<byte> output)
    {
        if (IsIntermediate(reply, owner)) return;
        owner.OnMailReply(reply);
        if (!IsDone(reply))
        {
            _ending = reply;
            EndWithout(ClientPhase.Mail, reply, owner);
            return;
        }

        owner.OnPhase(ClientPhase.Mail, reply);
        WriteRcpt(_envelope!, 0, output);
        _state = State.Rcpt;
    }

    private void TakeRcpt(SmtpReply reply, ISmtpClientSession owner, IBufferWriter<byte> output)
    {
        if (IsIntermediate(reply, owner)) return;
        NoteRecipient(_answered++, reply, owner);
        owner.OnPhase(ClientPhase.Rcpt, reply);
        if (_answered < _recipients)
        {
            WriteRcpt(_envelope!, _answered, output);
        }
        else if (_accepted == 0)
        {
            Reset(output);
        }
        else if (IsChunked)
        {
            WantContent(owner);
        }
        else
        {
            output.Write("DATA\r\n"u8);
            _state = State.Data;
        }
    }

    /// <summary>The replies of a group come in the order of its commands: RSET where it leads, MAIL, the recipients, DATA unless content goes by BDAT.</summary>
    private void TakeOfGroup(SmtpReply reply, ISmtpClientSession owner, IBufferWriter<byte> output)
    {
        if (_answered == _recipients)
        {
            TakeData(reply, ClientPhase.Envelope, owner, output);
            return;
        }

        if (IsIntermediate(reply, owner)) return;
        var index = _answered++;
        if (index == AnswerToClear)
        {
            IsCleared(reply, owner);
        }
        else if (index == AnswerToMail)
        {
            owner.OnMailReply(reply);
            _mailRefused = !IsDone(reply);
            if (_mailRefused) _ending = reply;
        }
        else if (!_mailRefused)
        {
            // Behind a refused MAIL the replies to RCPT only repeat that it was refused.
            NoteRecipient(index, reply, owner);
        }

        if (IsChunked && _answered == _recipients && _state == State.Group) EndChunkedEnvelope(reply, owner, output);
    }

    private void EndChunkedEnvelope(SmtpReply last, ISmtpClientSession owner, IBufferWriter<byte> output)
    {
        if (_mailRefused)
        {
            EndWithout(ClientPhase.Envelope, last, owner);
            return;
        }

        owner.OnPhase(ClientPhase.Envelope, last);
        if (_accepted > 0) WantContent(owner);
        else Reset(output);
    }

    private void WantContent(ISmtpClientSession owner)
    {
        _state = State.Content;
        owner.OnContentWanted();
    }

    private void TakeData(SmtpReply reply, ClientPhase phase, ISmtpClientSession owner, IBufferWriter<byte> output)
    {
        if (IsDone(reply))
        {
            Refuse(reply, owner);
        }
        else if (reply.IsPositive && _accepted > 0)
        {
            owner.OnPhase(phase, reply);
            WantContent(owner);
        }
        else if (reply.IsPositive)
        {
            // RFC 2920 §3.1: the server wants content though nobody is to get it; an empty message ends the transaction.
            owner.OnPhase(phase, reply);
            output.Write(".\r\n"u8);
            _state = State.EmptyFinal;
        }
        else if (_mailRefused)
        {
            EndWithout(phase, reply, owner);
        }
        else
        {
            owner.OnPhase(phase, reply);
            if (_accepted > 0) _ending = reply;
            Reset(output);
        }
    }

    private void TakeFinal(SmtpReply reply, ISmtpClientSession owner)
    {
        if (IsIntermediate(reply, owner)) return;
        AwaitsFinalReply = false;
        owner.OnPhase(ClientPhase.EndOfData, reply);
        if (_next is { } next)
        {
            Expect(next);
            _next = null;
            _answered = IsChunked ? AnswerToClear : AnswerToMail;
            _state = State.Group;
        }
        else
        {
            _resetOwed = IsChunked && !IsDone(reply);
            _state = State.Ready;
            _envelope = null;
        }

        owner.OnTransactionEnded(reply, contentSent: true);
    }

    /// <summary>The transaction is over and no content was sent. A server that refuses RSET cannot be used again.</summary>
    private void EndWithout(ClientPhase phase, SmtpReply reply, ISmtpClientSession owner)
    {
        if (IsIntermediate(reply, owner)) return;
        _state = phase == ClientPhase.Reset && !IsDone(reply) ? State.Closed : State.Ready;
        _envelope = null;
        owner.OnPhase(phase, reply);
        owner.OnTransactionEnded(_ending!, contentSent: false);
    }

    private void NoteRecipient(int index, SmtpReply reply, ISmtpClientSession owner)
    {
        if (IsDone(reply)) _accepted++;
        else _ending = reply;
        owner.OnRecipientReply(index, reply);
    }

    /// <summary>3xx where a command is done or refused: the server speaks of something else, and nothing that follows can be trusted.</summary>
    private bool IsIntermediate(SmtpReply reply, ISmtpClientSession owner)
    {
        if (reply.Code is < 300 or >= 400) return false;
        Refuse(reply, owner);
        return true;
    }

    private void Reset(IBufferWriter<byte> output)
    {
        output.Write("RSET\r\n"u8);
        _state = State.Reset;
    }

    private void WriteMail(IClientEnvelope envelope, IBufferWriter<byte> output)
    {
        output.Write("MAIL FROM:<"u8);
        output.Write(envelope.ReversePath);
        output.Write(">"u8);
        if (Capabilities.SizeLimit >= 0 && envelope.SizeBytes >= 0)
        {
            output.Write(" SIZE="u8);
            Utf8Formatter.TryFormat(envelope.SizeBytes, output.GetSpan(20), out var digits);
            output.Advance(digits);
        }

        if (Capabilities.EightBitMime && envelope.Body == BodyKind.EightBitMime) output.Write(" BODY=8BITMIME"u8);
        if (Capabilities.SmtpUtf8 && envelope.NeedsUtf8) output.Write(" SMTPUTF8"u8);
        output.Write("\r\n"u8);
    }

    private static void WriteRcpt(IClientEnvelope envelope, int index, IBufferWriter<byte> output)
    {
        output.Write("RCPT TO:<"u8);
        output.Write(envelope.Recipient(index));
        output.Write(">\r\n"u8);
    }
}
