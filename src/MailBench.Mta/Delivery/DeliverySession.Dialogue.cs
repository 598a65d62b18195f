using MailBench.Model.Units;
using MailBench.Mta.Batching;
using MailBench.Mta.Queue;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Delivery;

// The dialogue: replies become fates.
internal sealed partial class DeliverySession : ISmtpClientSession, IClientEnvelope
{
    private enum Fate : byte
    {
        /// <summary>No reply to its RCPT yet, or none that counts (MAIL refused).</summary>
        Open,

        /// <summary>RCPT accepted: the final reply decides.</summary>
        Accepted,

        /// <summary>The server takes no more recipients in this transaction.</summary>
        TooMany,
        Settled,
    }

    private Fate[] _fates = new Fate[1];
    private int _accepted;
    private bool _mailAccepted;

    /// <summary>The connection has stood idle or done a transaction: when it breaks, the likely reason is that the server had enough of it, and a fresh one will do.</summary>
    private bool _maybeStale;

    private DeliveryBatch Batch => _site.Batch;
    private QueueEntry Entry => _site.Batch.Entry!;

    ReadOnlySpan<byte> IClientEnvelope.ReversePath => Entry.ReversePath;
    int IClientEnvelope.RecipientCount => Batch.Count;
    long IClientEnvelope.SizeBytes => Entry.ContentBytes;
    BodyKind IClientEnvelope.Body => Entry.Body;

    ReadOnlySpan<byte> IClientEnvelope.Recipient(int index) => Entry.Recipients[Batch[index].Recipient].Address;

    /// <summary>Where the transaction stands, for people.</summary>
    private string StepName => _contentWhole ? "end of data" : _sending ? "content" : _mailAccepted ? "RCPT or DATA" : "MAIL";

    /// <summary>Sends the batch that the batcher has put in hand.</summary>
    public void Begin()
    {
        At = Step.Transaction;
        if (_fates.Length < Batch.Count) _fates = new Fate[Math.Max(Batch.Count, _fates.Length * 2)];
        Array.Clear(_fates, 0, Batch.Count);
        _accepted = 0;
        _contentWhole = false;
        _mailAccepted = false;
        Expect(300);
        try
        {
            _machine.Begin(this, _connection!.Output);
        }
        catch (ArgumentException unsafePath)
        {
            RefuseUnsafe(unsafePath.Message);
            return;
        }

        _stage.Counters.Transaction();
    }

    public void OnPhase(ClientPhase phase, SmtpReply last)
    {
        // The greeting came with the connection's round trip.
        if (phase != ClientPhase.Greeting) _stage.Counters.RoundTrip();
        if (phase == ClientPhase.Quit) Finish(abort: false);
    }

    public void OnReady(SmtpCapabilities capabilities)
    {
        if (capabilities.RcptMax > 0) _site.RecipientLimit = capabilities.RcptMax;
        _stage.Batcher.Opened(_site);
        if (_stage.IsStopping) Retire();
        else GoOn();
    }

    public void OnMailReply(SmtpReply reply)
    {
        _mailAccepted = reply.IsPositive;
        Expect(300);
    }

    public void OnRecipientReply(int index, SmtpReply reply)
    {
        Expect(300);
        if (reply.IsPositive)
        {
            _fates[index] = Fate.Accepted;
            _accepted++;
        }
        else if (_accepted > 0 && IsTooMany(reply))
        {
            _fates[index] = Fate.TooMany;
        }
        else
        {
            Settle(index, reply.IsPermanent ? OutcomeKind.Failed : OutcomeKind.Deferred, reply, "RCPT");
        }
    }

    public void OnTransactionEnded(SmtpReply reply, bool contentSent)
    {
        var kind = contentSent && reply.IsPositive ? OutcomeKind.Delivered : reply.IsPermanent ? OutcomeKind.Failed : OutcomeKind.Deferred;
        var step = contentSent ? "end of data" : _mailAccepted ? "DATA" : "MAIL";
        var limit = Math.Max(1, _accepted);
        for (var i = 0; i < Batch.Count; i++)
            if (_fates[i] == Fate.TooMany) ReturnTooMany(i, limit);
        for (var i = 0; i < Batch.Count; i++)
            if (_fates[i] is Fate.Open or Fate.Accepted) Settle(i, kind, reply, step);

        _maybeStale = true;
        if (_machine.ShouldClose) Finish(abort: false);
        else if (_stage.IsStopping) Retire();
        else GoOn();
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
        switch (_stage.Batcher.Next(_site))
        {
            case NextStep.Begin:
                Begin();
                break;
            case NextStep.Idle:
                At = Step.Idle;
                _maybeStale = true;
                ExpectUntil(_stage.Loop.TurnNs + _stage.Options.IdleTimeout.ToNs());
                break;
            default:
                Quit();
                break;
        }

        _stage.WantWork();
    }

    private void Retire()
    {
        _stage.Batcher.Retire(_site);
        Quit();
    }

    /// <summary>
    /// The session ended within a transaction. What the fault leaves open: after the final dot nobody knows, so the recipient waits for a retry (a duplicate is better
    /// than a loss); a session that had worked before was probably just stale, so a fresh one takes over; else the next host does.
    /// </summary>
    private void Break(HostFault fault, bool uncertain)
    {
        var nowNs = _stage.Loop.TurnNs;
        var answered = !uncertain && _contentWhole;
        var refused = fault.Reply is { IsPermanent: true, Code: not 500 } && _sending;
        for (var i = 0; i < Batch.Count; i++)
        {
            var fate = _fates[i];
            if (fate == Fate.Settled) continue;
            if (fate == Fate.TooMany) ReturnTooMany(i, _accepted);
            else if (uncertain && fate == Fate.Accepted) SettleUncertain(i, fault);
            else if (refused && fate == Fate.Accepted) Settle(i, OutcomeKind.Failed, fault.Reply!, "content");
            else if (answered) Settle(i, OutcomeKind.Deferred, fault.Reply!, "end of data");
            else if (_maybeStale && !_sending) Return(i, fault);
            else MoveOn(i, fault, nowNs);
        }

        _stage.WantWork();
        Drop(abort: true);
        if (!_maybeStale && !_stage.IsStopping && _stage.Batcher.TryNextHost(_site, nowNs)) DialNextHost();
        else Finish(abort: true);
    }

    private void Return(int at, HostFault? fault)
    {
        _fates[at] = Fate.Settled;
        _stage.Batcher.Return(_site, at, fault);
    }

    private void ReturnTooMany(int at, int limit)
    {
        // Where one was accepted behind it, this was no limit of the transaction, and there is nothing to learn.
        if (at >= limit && _fates.AsSpan(at, Batch.Count - at).IndexOf(Fate.Accepted) < 0) _site.RecipientLimit = Math.Min(_site.RecipientLimit, limit);
        Return(at, null);
    }

    private void MoveOn(int at, HostFault fault, long nowNs)
    {
        _fates[at] = Fate.Settled;
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
        _fates[at] = Fate.Settled;
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
            if (_fates[i] == Fate.Settled) continue;
            if (blamed == 0) Settle(i, OutcomeKind.Failed, null, null, why, "5.1.7");
            else Return(i, null);
        }

        GoOn();
    }

    private static bool IsSuspect(ReadOnlySpan<byte> address)
    {
        if (address.IsEmpty) return true;
        foreach (var octet in address)
            if (octet is <= (byte)' ' or 127 or (byte)'<' or (byte)'>') return true;
        return false;
    }
}
