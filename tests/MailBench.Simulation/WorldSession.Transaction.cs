using MailBench.Model.Options;
using MailBench.Mta.Batching;

namespace MailBench.Simulation;

// Transactions: what is taken, how long it takes, what is answered.
internal sealed partial class WorldSession
{
    /// <summary>The recipients of a transaction that was cut are under way.</summary>
    private void Take(DeliveryBatch batch)
    {
        _transactions++;
        CheckBatch(batch);
        for (var i = 0; i < batch.Count; i++)
        {
            var recipient = RecipientOf(batch, i);
            _world.Move(recipient, Whereabouts.Queued, Whereabouts.Flying);
            recipient.Try(_site.Host, _world.Options.Strategy == DeliveryStrategy.PerMxHost, _world.IsSound);
        }
    }

    /// <summary>The transaction in hand; three round trips, one when its envelope was sent ahead.</summary>
    private void Transact(int roundTrips)
    {
        _flying = true;
        var count = _site.Batch.Count;
        for (var i = 0; i < count; i++) RecipientAt(i).BegunNs ??= _world.Time.NowNs;
        _world.Begun?.Invoke(_site);
        _fates = new Fate[count];
        var servedNs = Host.Serve(count, _world.Time.NowNs);
        if (_world.Overlaps) _world.Time.After((roundTrips - 1) * Traits.RoundTripMs, ContentSent);
        _world.Time.At(servedNs + (long)(((roundTrips * Traits.RoundTripMs) + Traits.TarpitMs) * VirtualTime.Ms), Transacted);
    }

    /// <summary>The next envelope follows the content, but for one of sixteen, which turns out not to be fit for it.</summary>
    private void ContentSent()
    {
        if (!_world.Batcher.TryTakeAhead(_site, _world.Time.NowNs)) return;
        Take(_site.Ahead);
        if (_world.Chance.Happens(1.0 / 16, _site.Ahead.Entry!.Id.Value, _transactions, 6000)) ReturnAhead();
    }

    private void Transacted()
    {
        var (message, first) = (_site.Batch.Entry!.Id.Value, RecipientAt(0));
        Answer();
        if (Host.IsDown(_world.Time.NowNs)) Break(uncertain: _world.Chance.Happens(0.5, message, first.Index, first.Attempts + 1000), answered: _fates.Length);
        else if (_world.Chance.Happens(Traits.LosesReplies, message, first.Index, first.Attempts + 2000)) Break(uncertain: true, answered: _fates.Length);
        else if (_world.Chance.Happens(Traits.Breaks, message, first.Index, first.Attempts + 3000)) Break(uncertain: false, answered: _world.Chance.Below(_fates.Length + 1, message, first.Index, first.Attempts));
        else Complete();
    }

    /// <summary>The host's answers to RCPT, as far as it gives them.</summary>
    private void Answer()
    {
        for (var i = 0; i < _fates.Length; i++)
        {
            var recipient = RecipientAt(i);
            _fates[i] = i >= Traits.MaxRecipients ? Fate.TooMany
                : _world.Chance.Happens(Traits.Refuses, recipient.Entry.Id.Value, recipient.Index, recipient.Attempts + 4000) ? Fate.Settled
                : Fate.Accepted;
        }
    }

    private void Complete()
    {
        var accepted = Math.Max(1, _fates.Count(f => f == Fate.Accepted));
        if (_fates.Contains(Fate.TooMany)) _site.RecipientLimit = Math.Min(_site.RecipientLimit, accepted);
        for (var i = 0; i < _fates.Length; i++) Settle(i);
        _maybeStale = true;
        if (_site.Ahead.Count == 0)
        {
            GoOn();
            return;
        }

        _world.Batcher.Advance(_site, _world.Time.NowNs);
        Transact(roundTrips: 1);
    }

    private void Settle(int i)
    {
        var recipient = RecipientAt(i);
        switch (_fates[i])
        {
            case Fate.TooMany:
                Return(recipient, i, null);
                break;
            case Fate.Settled:
                _world.End(recipient, delivered: false);
                break;
            default:
                if (_world.Chance.Happens(Traits.Defers, recipient.Entry.Id.Value, recipient.Index, recipient.Attempts + 5000)) _world.Defer(recipient, Whereabouts.Flying);
                else _world.End(recipient, delivered: true);
                break;
        }
    }

    /// <summary>The session breaks after so many answers; beyond them no recipient's fate is known, and before them that of the accepted hangs on the final reply.</summary>
    private void Break(bool uncertain, int answered)
    {
        var nowNs = _world.Time.NowNs;
        for (var i = 0; i < _fates.Length; i++)
        {
            var recipient = RecipientAt(i);
            var fate = i < answered ? _fates[i] : Fate.Open;
            if (fate == Fate.Settled) _world.End(recipient, delivered: false);
            else if (fate == Fate.TooMany) Return(recipient, i, null);
            else if (uncertain && fate == Fate.Accepted) _world.Defer(recipient, Whereabouts.Flying, uncertain: true);
            else if (_maybeStale) Return(recipient, i, Fault());
            else
            {
                _world.Move(recipient, Whereabouts.Flying, Whereabouts.Queued);
                _world.Batcher.MoveOn(_site, i, Fault(), nowNs);
            }
        }

        _flying = false;
        if (_site.Ahead.Count > 0) ReturnAhead();
        Drop();
        if (!_maybeStale && _world.Batcher.TryNextHost(_site, nowNs)) DialNextHost();
        else Finish();
    }

    private void Return(WorldRecipient recipient, int at, HostFault? fault)
    {
        _world.Move(recipient, Whereabouts.Flying, Whereabouts.Queued);
        _world.Batcher.Return(_site, at, fault);
    }

    private void ReturnAhead()
    {
        for (var i = 0; i < _site.Ahead.Count; i++) _world.Move(RecipientOf(_site.Ahead, i), Whereabouts.Flying, Whereabouts.Queued);
        _transactions--;
        _world.Batcher.ReturnAhead(_site);
    }

    private void CheckBatch(DeliveryBatch batch)
    {
        if (batch.Count == 0 || batch.Entry is null) throw new BrokenInvariantException($"an empty transaction begins at {_site.Host.Name}");
        var options = _world.Options;
        var limit = options.Strategy == DeliveryStrategy.PerRecipient ? 1 : Math.Min(options.RecipientsPerTransaction, _site.RecipientLimit);
        if (batch.Count > limit) throw new BrokenInvariantException($"{batch.Count} recipients in a transaction, allowed are {limit}");
        var transactions = options.Reuse == SessionReuse.None ? 1 : Math.Min(options.TransactionsPerSession, _site.TransactionLimit);
        if (_transactions > transactions) throw new BrokenInvariantException($"{_transactions} transactions in a session, allowed are {transactions}");
        for (var i = 0; i < batch.Count; i++) _domains.Add(RecipientOf(batch, i).Domain);
        if (_domains.Count > _site.DomainLimit) throw new BrokenInvariantException($"{_domains.Count} domains in a session, allowed are {_site.DomainLimit}");
        if (options.Strategy is not (DeliveryStrategy.PerDomain or DeliveryStrategy.PerRecipient)) return;
        for (var i = 1; i < batch.Count; i++)
            if (RecipientOf(batch, i).Domain != RecipientOf(batch, 0).Domain) throw new BrokenInvariantException("two domains share a transaction");
    }
}
