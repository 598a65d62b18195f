using MailBench.Model.Units;
using MailBench.Mta.Queue;
using MailBench.Mta.Routing;

namespace MailBench.Mta.Delivery;

// From Add to the batcher: routes of a message's recipients are looked up together, and go on together.
public sealed partial class DeliveryStage
{
    private readonly DomainTable _domains = new();
    private readonly Dictionary<string, int> _lookupOf = new(ReferenceEqualityComparer.Instance);
    private readonly Queue<(Gathering Gathering, long DeadlineNs)> _waiting = new();
    private Action<RouteLookup>? _answered;
    private Gathering? _spare;
    private Gathering? _asking;

    private long NextReleaseNs => _waiting.TryPeek(out var head) ? head.DeadlineNs : long.MaxValue;

    /// <summary>Takes recipients (indices) of one message for an attempt now. All that are due should come in one call, so that they share transactions.</summary>
    public void Add(QueueEntry entry, ReadOnlySpan<int> recipients)
    {
        if (IsStopping || _disposed || recipients.IsEmpty) return;
        var gathering = StartGathering(entry);
        _asking = gathering;
        foreach (var recipient in recipients) Ask(gathering, recipient);
        EndAsking(gathering);
    }

    /// <summary>Takes all waiting recipients of a message.</summary>
    public void Add(QueueEntry entry)
    {
        if (IsStopping || _disposed) return;
        var gathering = StartGathering(entry);
        _asking = gathering;
        for (var i = 0; i < entry.Recipients.Length; i++)
            if (entry.Recipients[i].State == RecipientState.Waiting) Ask(gathering, i);
        EndAsking(gathering);
    }

    private Gathering StartGathering(QueueEntry entry)
    {
        var gathering = _spare ?? new Gathering();
        _spare = null;
        gathering.Start(entry, Loop.TurnNs);
        return gathering;
    }

    private void Ask(Gathering gathering, int recipient)
    {
        InHand++;
        var domain = _domains.DomainOf(gathering.Entry.Recipients[recipient].Address);
        if (_lookupOf.TryGetValue(domain, out var known))
        {
            gathering.Add(recipient, known);
            return;
        }

        var lookup = gathering.NewLookup(domain, _answered ??= OnRoute);
        _lookupOf.Add(domain, lookup.Index);
        gathering.Add(recipient, lookup.Index);
        _resolve(domain, lookup.Done);
    }

    private void EndAsking(Gathering gathering)
    {
        _asking = null;
        _lookupOf.Clear();
        if (gathering.Pending > 0)
        {
            _waiting.Enqueue((gathering, Loop.TurnNs + Options.GatherTimeout.ToNs()));
            WantWork();
            return;
        }

        Release(gathering);
        gathering.Clear();
        _spare = gathering;
    }

    private void OnRoute(RouteLookup lookup)
    {
        // Answers from the cache come while their message is still being asked for.
        if (ReferenceEquals(_asking, lookup.Gathering) || IsStopping || _disposed) return;
        if (lookup.Gathering.Released || lookup.Gathering.Pending == 0) Release(lookup.Gathering);
    }

    /// <summary>Those whose patience is over go on with what is known.</summary>
    private void ReleaseLate(long nowNs)
    {
        while (_waiting.TryPeek(out var head) && (head.DeadlineNs <= nowNs || head.Gathering.Pending == 0))
        {
            _waiting.Dequeue();
            if (head.Gathering.Released || head.Gathering.Pending == 0) continue;
            head.Gathering.Released = true;
            Release(head.Gathering);
        }
    }

    /// <summary>Gives the recipients whose routes are known to the batcher, or reports them where there is no way.</summary>
    private void Release(Gathering gathering)
    {
        var entry = gathering.Entry;
        for (var i = 0; i < gathering.Recipients.Count; i++)
        {
            var (recipient, lookup) = gathering.Recipients[i];
            if (gathering.RouteOf(lookup) is not { } route) continue;
            if (route.Kind == RouteKind.Hosts) Batcher.Add(entry, recipient, gathering.DomainOf(lookup), route, gathering.QueuedNs, Loop.TurnNs);
            else ReportNoRoute(gathering, recipient, route);
        }

        gathering.ForgetRoutes();
        WantWork();
    }

    private void ReportNoRoute(Gathering gathering, int recipient, Route route) => Report(new DeliveryOutcome
    {
        Entry = gathering.Entry,
        Recipient = recipient,
        Kind = route.IsPermanentFailure ? OutcomeKind.Failed : OutcomeKind.Deferred,
        Detail = route.Reason,
        OwnStatus = route.EnhancedStatus,
        Unreachable = !route.IsPermanentFailure,
        QueuedNs = gathering.QueuedNs,
        DelayNs = Loop.TurnNs - gathering.QueuedNs,
    });
}
