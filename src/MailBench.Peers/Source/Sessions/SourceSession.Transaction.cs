using MailBench.Model.Events;
using MailBench.Peers.Source.Arrivals;
using MailBench.Peers.Source.Workload;
using MailBench.Transport;
using MailBench.Wire.Smtp;

namespace MailBench.Peers.Source.Sessions;

/// <summary>The dialogue as its machine tells it: replies, content, the end of a message.</summary>
internal sealed partial class SourceSession
{
    private const int PieceBytes = 64 << 10;

    // RCPT TO:<…> CRLF and MAIL's and DATA's share of a pipelined group.
    private const int RcptOverhead = 12;
    private const int DataOctets = 6;
    private const int RsetOctets = 6;

    private WireMessage? _message;
    private int _sent = -1;
    private int _acceptedRecipients;
    private bool _answered;
    private MessageEnd? _end;

    /// <summary>
    /// A session that stood idle may have been closed by the peer before our MAIL came there; that says nothing about the message. It goes again, once, on a fresh
    /// session, if the peer has answered nothing of it: then no content was sent, and no copy can exist.
    /// </summary>
    private bool MayGoAgain => Transactions > 0 && !_answered && !_arrival.Retried;

    public void OnPhase(ClientPhase phase, SmtpReply last)
    {
        switch (phase)
        {
            case ClientPhase.Greeting: EndPhase(DialoguePhase.Greeting); break;
            case ClientPhase.Ehlo: EndPhase(DialoguePhase.Ehlo); break;
            case ClientPhase.Mail: EndPhase(DialoguePhase.Mail); break;
            case ClientPhase.Rcpt: EndPhase(DialoguePhase.Rcpt); break;
            case ClientPhase.Data: EndPhase(DialoguePhase.Data); break;
            case ClientPhase.Envelope: EndPhase(DialoguePhase.Envelope); break;
            case ClientPhase.EndOfData: EndPhase(DialoguePhase.EndOfData); break;
            case ClientPhase.Quit: EndPhase(DialoguePhase.Quit); break;
            case ClientPhase.Reset: _phaseStartNs = _owner.Loop.TurnNs; break;
        }
    }

    public void OnReady(SmtpCapabilities capabilities) => IsReady = true;

    public void OnMailReply(SmtpReply reply) => _answered = true;

    public void OnRecipientReply(int index, SmtpReply reply)
    {
        if (!IsPipelined) _owner.Books.Counters.RcptCommandOctets += _envelope.Recipient(index).Length + RcptOverhead;
        if (reply.IsPositive) _acceptedRecipients++;
        else RefuseRecipient(index, reply);
    }

    public void OnContentWanted()
    {
        _sent = 0;
        if (_machine.IsChunked) _machine.BeginChunk(_message!.ContentOctets, _output!);
        ContinueContent();
    }

    public void OnTransactionEnded(SmtpReply reply, bool contentSent)
    {
        Transactions++;
        if (contentSent && reply.IsPositive)
        {
            End(Outcome.Accepted, reply.Code);
        }
        else
        {
            _owner.NoteRefusal(_arrival.Sequence, reply);
            End(Outcome.Refused, reply.Code);
        }

        if (_hasAhead) Advance();
        else _freed = true;
    }

    /// <summary>The content has been sent whole: the next message's envelope follows in the same flush, where envelopes overlap and a message waits.</summary>
    private void SendAhead()
    {
        if (!_machine.CanBegin || !_owner.TryTakeAhead(out _ahead)) return;
        _hasAhead = true;
        _aheadStartNs = _owner.Loop.TurnNs;
        _owner.Books.Started(_ahead, _aheadStartNs, _owner.Workload.Recipients);
        _aheadEnvelope ??= _owner.NewEnvelope();
        _aheadEnvelope.Address(_ahead.Sequence, _owner.Corpus[_ahead.Sequence]);
        var before = _output!.Written;
        _machine.Begin(_aheadEnvelope, _output);
        CountCommands(_aheadEnvelope, _output.Written - before - (_machine.IsChunked ? RsetOctets : 0));
    }

    /// <summary>The message sent ahead is in hand now; its envelope's time runs since it was sent.</summary>
    private void Advance()
    {
        (_envelope, _aheadEnvelope) = (_aheadEnvelope!, _envelope);
        var end = TakeEnd();
        _hasAhead = false;
        Take(_ahead, _aheadStartNs);
        if (end is { } ended) _owner.MessageEnded(ended);
    }

    /// <summary>The connection is gone: of the message sent ahead nothing was answered and no content sent, so it goes again, once.</summary>
    private Arrival? DropAhead()
    {
        _hasAhead = false;
        if (!_ahead.Retried) return _ahead with { Retried = true };
        _owner.Books.Failed(_ahead, _owner.Loop.TurnNs, 0);
        _owner.MessageEnded(new MessageEnd(Outcome.Failed, 0));
        return null;
    }

    private void Take(Arrival arrival, long phaseStartNs)
    {
        _arrival = arrival;
        _hasArrival = true;
        _message = _owner.Corpus[arrival.Sequence];
        _inTransaction = true;
        _answered = false;
        _acceptedRecipients = 0;
        _phaseStartNs = phaseStartNs;
    }

    public void OnSessionRefused(SmtpReply reply)
    {
        // 421 to the first command after a pause is a peer that closes idle sessions: OnClosed decides whether the message goes again.
        if (!_hasArrival || MayGoAgain && _inTransaction) return;
        _owner.Note(_arrival.Sequence, reply.ToString());
        End(_machine.AwaitsFinalReply ? Outcome.Uncertain : Outcome.Failed, reply.Code);
    }

    private void RefuseRecipient(int index, SmtpReply reply)
    {
        _owner.NoteRefusal(_arrival.Sequence, reply);
        _owner.Books.RecipientRefused(_arrival, _owner.Loop.TurnNs, _envelope.BookedIndex(index), reply.Code);
    }

    private bool IsPipelined => _machine.IsPipelined;

    /// <summary>Gives content to the connection until it holds enough; goes on when that has left.</summary>
    private void ContinueContent()
    {
        if (_sent < 0) return;
        var octets = _machine.IsChunked ? _message!.Content : _message!.Octets;
        while (_sent < octets.Length)
        {
            if (_connection!.UnsentBytes >= Connection.HighWaterBytes) return;
            var piece = octets.Slice(_sent, Math.Min(PieceBytes, octets.Length - _sent));
            _connection.Send(piece);
            _sent += piece.Length;
        }

        _sent = -1;
        _machine.ContentSent();
        SendAhead();
    }

    private void End(Outcome outcome, int code)
    {
        var nowNs = _owner.Loop.TurnNs;
        switch (outcome)
        {
            case Outcome.Accepted: _owner.Books.Accepted(_arrival, nowNs, _acceptedRecipients, _message!, code); break;
            case Outcome.Refused: _owner.Books.Refused(_arrival, nowNs, code); break;
            case Outcome.Failed: _owner.Books.Failed(_arrival, nowNs, code); break;
            case Outcome.Uncertain: _owner.Books.Uncertain(_arrival, nowNs); break;
        }

        _end = new MessageEnd(outcome, outcome == Outcome.Accepted ? _acceptedRecipients : 0);
        _hasArrival = false;
        _inTransaction = false;
        _sent = -1;
    }

    private MessageEnd? TakeEnd()
    {
        var end = _end;
        _end = null;
        return end;
    }

    private void CountCommands(SourceEnvelope envelope, long octets)
    {
        var counters = _owner.Books.Counters;
        if (!IsPipelined)
        {
            counters.MailCommandOctets += octets;
            return;
        }

        var recipients = 0L;
        for (var k = 0; k < envelope.RecipientCount; k++) recipients += envelope.Recipient(k).Length + RcptOverhead;
        counters.RcptCommandOctets += recipients;
        counters.MailCommandOctets += octets - recipients - (_machine.IsChunked ? 0 : DataOctets);
    }
}
