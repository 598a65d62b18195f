using MailBench.Model.Units;
using MailBench.Mta.Batching;
using MailBench.Mta.Queue;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Delivery;

// The dialogue: replies become fates.
internal sealed partial class DeliverySession : ISmtpClientSession
{
    /// <summary>The oldest transaction under way: whose replies come.</summary>
    private DeliveryTransaction _now = new();

    /// <summary>The transaction whose envelope was sent behind the content of <see cref="_now"/>.</summary>
    private DeliveryTransaction _ahead = new();

    /// <summary>The connection has stood idle or done a transaction: when it breaks, the likely reason is that the server had enough of it, and a fresh one will do.</summary>
    private bool _maybeStale;
    private long _stoodNs;

    private DeliveryBatch Batch => _site.Batch;
    private QueueEntry Entry => _site.Batch.Entry!;
    private Span<Fate> Fates => _now.Fates;

    /// <summary>Where the transaction stands, for people.</summary>
    private string StepName => _now.ContentWhole ? "end of data" : _sending ? "content" : _now.MailAccepted ? "RCPT or DATA" : "MAIL";

    /// <summary>Sends the batch that the batcher has put in hand.</summary>
    public void Begin()
    {
        if (TryBegin()) return;
        GoOn();
    }

    /// <summary>False: nothing of it was sent, and its recipients are settled or back in their queue.</summary>
    private bool TryBegin()
    {
        At = Step.Transaction;
        if (!TryStart()) return false;
        Expect(300);
        try
        {
            _machine.Begin(_now, _connection!.Output);
        }
        catch (ArgumentException unsafePath)
        {
            RefuseUnsafe(unsafePath.Message);
            return false;
        }

        _stage.Counters.Transaction();
        _stage.Flow.Began(_stage.Loop.TurnNs - Batch[0].QueuedNs, Batch.Count);
        return true;
    }

    /// <summary>The content of the transaction in hand has been written whole: the next envelope follows in the same flush, where there is one that may.</summary>
    private void BeginAhead()
    {
        if (!_machine.CanBegin || _stage.IsStopping || IsOld || _stage.IsShyOfOverlap(_site.Host.Name) || !_stage.Batcher.TryTakeAhead(_site, _stage.Loop.TurnNs)) return;
        if (MaySendAsItIs(_site.Ahead))
        {
            _ahead.Start(_site.Ahead);
            try
            {
                _machine.Begin(_ahead, _connection!.Output);
                _ahead.SentAhead = true;
                _stage.Counters.Transaction();
                _stage.Flow.Began(_stage.Loop.TurnNs - _site.Ahead[0].QueuedNs, _site.Ahead.Count);
                return;
            }
            catch (ArgumentException)
            {
                // An address that cannot be sent: told of when the message comes to its turn.
            }
        }

        _stage.Batcher.ReturnAhead(_site);
    }

    public void OnPhase(ClientPhase phase, SmtpReply last)
    {
        // The greeting came with the connection's round trip, an envelope sent ahead with the content's before it.
        if (phase != ClientPhase.Greeting && !(phase == ClientPhase.Envelope && _now.SentAhead)) _stage.Counters.RoundTrip();
        if (phase == ClientPhase.Quit) Finish(abort: false);
    }

    public void OnReady(SmtpCapabilities capabilities)
    {
        if (capabilities.RcptMax > 0) _site.RecipientLimit = capabilities.RcptMax;
        if (capabilities.MailMax > 0) _site.TransactionLimit = capabilities.MailMax;
        if (capabilities.RcptDomainMax > 0) _site.DomainLimit = capabilities.RcptDomainMax;
        _stage.Batcher.Opened(_site, _stage.Loop.TurnNs);
        GoOn();
    }

    public void OnMailReply(SmtpReply reply)
    {
        _now.MailAccepted = reply.IsPositive;
        Expect(300);
    }

    public void OnRecipientReply(int index, SmtpReply reply)
    {
        Expect(300);
        if (reply.IsPositive)
        {
            Fates[index] = Fate.Accepted;
            _now.Accepted++;
        }
        else if (_now.Accepted > 0 && IsTooMany(reply))
        {
            Fates[index] = Fate.TooMany;
        }
        else
        {
            Settle(index, reply.IsPermanent ? OutcomeKind.Failed : OutcomeKind.Deferred, reply, "RCPT");
        }
    }

    public void OnTransactionEnded(SmtpReply reply, bool contentSent)
    {
        var kind = contentSent && reply.IsPositive ? OutcomeKind.Delivered : reply.IsPermanent ? OutcomeKind.Failed : OutcomeKind.Deferred;
        var step = contentSent ? "end of data" : _now.MailAccepted ? "DATA" : "MAIL";
        var limit = Math.Max(1, _now.Accepted);
        for (var i = 0; i < Batch.Count; i++)
            if (Fates[i] == Fate.TooMany) ReturnTooMany(i, limit);
        for (var i = 0; i < Batch.Count; i++)
            if (Fates[i] is Fate.Open or Fate.Accepted) Settle(i, kind, reply, step);

        _maybeStale = true;
        EndConversion();
        if (_site.Ahead.Count > 0) Advance();
        else if (_machine.ShouldClose) Finish(abort: false);
        else GoOn();
    }

    /// <summary>The transaction sent ahead is in hand now; its replies come next.</summary>
    private void Advance()
    {
        _stage.Batcher.Advance(_site, _stage.Loop.TurnNs);
        (_now, _ahead) = (_ahead, _now);
        Expect(300);
        _stage.WantWork();
    }

    public void OnSessionRefused(SmtpReply reply)
    {
        var fault = new HostFault(_site.Host.Name, Address, null, reply, "4.3.2", At == Step.Greeting ? "greeting" : StepName);
        switch (At)
        {
            case Step.Greeting:
                TryNextAddress(fault);
                break;
            case Step.Transaction:
                Break(fault, _machine.AwaitsFinalReply);
                break;
            default:
                Finish(abort: false);
                break;
        }
    }

    /// <summary>RFC 5321 §4.5.3.1.10: 452 (or 552, as older servers say) once others were accepted means that the rest belongs in another transaction. A full mailbox or disk says so by its enhanced code.</summary>
    private static bool IsTooMany(SmtpReply reply) =>
        reply.Code is 452 or 552 && (reply.Enhanced is null ? reply.Code == 452 : reply.Enhanced.EndsWith(".5.3", StringComparison.Ordinal));

    private void GoOn()
    {
        var step = NextStep.Begin;
        while (step == NextStep.Begin && !_stage.IsStopping && !IsOld)
        {
            step = _stage.Batcher.Next(_site, _stage.Loop.TurnNs);
            if (step != NextStep.Begin || !TryBegin()) continue;
            _stage.WantWork();
            return;
        }

        if (step == NextStep.Begin) _stage.Batcher.Retire(_site);
        if (step == NextStep.Idle) Rest();
        else Quit();
        _stage.WantWork();
    }

    private void Rest()
    {
        At = Step.Idle;
        _maybeStale = true;
        ExpectUntil(_stage.Loop.TurnNs + _stage.Options.IdleTimeout.ToNs());
    }

    /// <summary>The session has stood for as long as a session may, and has done something in that time.</summary>
    private bool IsOld => _site.Transactions > 0 && _stage.Loop.TurnNs - _stoodNs > _stage.Options.SessionAge.ToNs();

    /// <summary>
    /// The session ended within a transaction. What the fault leaves open: after the final dot nobody knows, so the recipient waits for a retry (a duplicate is better
    /// than a loss); a session that had worked before was probably just stale, so a fresh one takes over; else the next host does.
    /// </summary>
    private void Break(HostFault fault, bool uncertain)
    {
        var nowNs = _stage.Loop.TurnNs;
        var answered = !uncertain && _now.ContentWhole;
        var refused = fault.Reply is { IsPermanent: true, Code: not 500 } && _sending;
        for (var i = 0; i < Batch.Count; i++)
        {
            var fate = Fates[i];
            if (fate == Fate.Settled) continue;
            if (fate == Fate.TooMany) ReturnTooMany(i, _now.Accepted);
            else if (uncertain && fate == Fate.Accepted) SettleUncertain(i, fault);
            else if (refused && fate == Fate.Accepted) Settle(i, OutcomeKind.Failed, fault.Reply!, "content");
            else if (answered) Settle(i, OutcomeKind.Deferred, fault.Reply!, "end of data");
            else if (_maybeStale && !_sending) Return(i, fault);
            else MoveOn(i, fault, nowNs);
        }

        EndConversion();
        if (_site.Ahead.Count > 0)
        {
            // Nothing of it was answered and no content was sent. A server that breaks on such an envelope would make every message before one uncertain: it gets no more of them.
            if (uncertain) _stage.NoteShyOfOverlap(_site.Host.Name);
            _stage.Batcher.ReturnAhead(_site);
        }

        _stage.WantWork();
        Drop(abort: true);
        if (!_maybeStale && !_stage.IsStopping && _stage.Batcher.TryNextHost(_site, nowNs)) DialNextHost();
        else Finish(abort: true);
    }

    private void Return(int at, HostFault? fault)
    {
        Fates[at] = Fate.Settled;
        _stage.Batcher.Return(_site, at, fault);
    }

    private void ReturnTooMany(int at, int limit)
    {
        // Where one was accepted behind it, this was no limit of the transaction, and there is nothing to learn.
        if (at >= limit && Fates[at..].IndexOf(Fate.Accepted) < 0) _site.RecipientLimit = Math.Min(_site.RecipientLimit, limit);
        Return(at, null);
    }

    private void MoveOn(int at, HostFault fault, long nowNs)
    {
        Fates[at] = Fate.Settled;
        _stage.Batcher.MoveOn(_site, at, fault, nowNs);
    }

    private void SettleUncertain(int at, HostFault fault)
    {
        _stage.Counters.LostFinalReply(1);
        Settle(at, OutcomeKind.Deferred, fault.Reply, fault.Step, "the content was sent and its final reply lost; delivered or not, it is tried again" +
            (fault.Detail is null ? "" : $": {fault.Detail}"), fault.Status, uncertain: true);
    }

    private void Settle(int at, OutcomeKind kind, SmtpReply? reply, string? step, string? detail = null, string? status = null, bool uncertain = false)
    {
        Fates[at] = Fate.Settled;
        var nowNs = _stage.Loop.TurnNs;
        ref readonly var recipient = ref Batch[at];
        _stage.Report(new DeliveryOutcome
        {
            Entry = Entry,
            Recipient = recipient.Recipient,
            Kind = kind,
            Reply = reply,
            Step = step,
            Detail = detail,
            Host = _site.Host.Name,
            Address = Address,
            QueuedNs = recipient.QueuedNs,
            DelayNs = nowNs - recipient.QueuedNs,
            Uncertain = uncertain,
            OwnStatus = status,
        });
    }

    /// <summary>
    /// An address cannot stand on a command line; submission lets none through, so this is about queues that others wrote. The recipients that are to blame fail, or all of
    /// them when it is the reverse-path; the others go again.
    /// </summary>
    private void RefuseUnsafe(string why)
    {
        var blamed = 0;
        for (var i = 0; i < Batch.Count; i++)
        {
            if (!IsSuspect(Entry.Recipients[Batch[i].Recipient].Address)) continue;
            Settle(i, OutcomeKind.Failed, null, null, why, "5.1.3");
            blamed++;
        }

        for (var i = 0; i < Batch.Count; i++)
        {
            if (Fates[i] == Fate.Settled) continue;
            if (blamed == 0) Settle(i, OutcomeKind.Failed, null, null, why, "5.1.7");
            else Return(i, null);
        }

        EndConversion();
    }

    private static bool IsSuspect(ReadOnlySpan<byte> address)
    {
        if (address.IsEmpty) return true;
        foreach (var octet in address)
            if (octet is <= (byte)' ' or 127 or (byte)'<' or (byte)'>') return true;
        return false;
    }
}
