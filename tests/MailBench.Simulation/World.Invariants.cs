using MailBench.Model.Options;

namespace MailBench.Simulation;

// What holds at every instant, and at the end.
internal sealed partial class World
{
    /// <summary>Every accepted recipient is in exactly one place, and machines and world agree how many are where.</summary>
    private void CloseBooks()
    {
        if (_due.Count + _held != At(Whereabouts.Waiting)) throw new BrokenInvariantException($"{At(Whereabouts.Waiting)} recipients wait, the due queue holds {_due.Count}, and {_held} wait for their site's share");
        if (_shares.InHand != At(Whereabouts.Queued) + At(Whereabouts.Flying)) throw new BrokenInvariantException($"{At(Whereabouts.Queued) + At(Whereabouts.Flying)} recipients are in hand, the shares count {_shares.InHand}");
        if (Batcher.Waiting != At(Whereabouts.Queued)) throw new BrokenInvariantException($"{At(Whereabouts.Queued)} recipients are queued, the batcher holds {Batcher.Waiting}");
        var flying = 0;
        foreach (var session in _sessions) flying += session.InHand;
        if (flying != At(Whereabouts.Flying)) throw new BrokenInvariantException($"{At(Whereabouts.Flying)} recipients are under way, the sessions have {flying}");
        if (_sessions.Count != Batcher.OpenSessions) throw new BrokenInvariantException($"{_sessions.Count} sessions stand, the batcher counts {Batcher.OpenSessions}");
        CheckSites();
    }

    /// <summary>No work waits for nothing: where a session could be given it or be opened for it, that has been done.</summary>
    private void CheckSites()
    {
        foreach (var site in Batcher.AllSites)
        {
            if (site.WaitingBatches == 0) continue;
            if (site.Idle is not null) throw new BrokenInvariantException($"{site.Site} has work and an idle session");
            if (Batcher.OpenSessions < Options.SessionsOut && Batcher.WantsSession(site) && Batcher.HasShare(site, Time.NowNs)) throw new BrokenInvariantException($"{site.Site} has {site.WaitingBatches} transactions waiting, may have a session and gets none");
            if (site.Sessions == 0 && !site.InRing && !site.Paused) throw new BrokenInvariantException($"{site.Site} has work, no session, and waits for none");
        }
    }

    private void CheckEnd()
    {
        if (Steps >= 3_000_000) throw new BrokenInvariantException("there is no end to it");
        if (At(Whereabouts.Delivered) + At(Whereabouts.Failed) != Recipients.Count)
            throw new BrokenInvariantException($"{Recipients.Count - At(Whereabouts.Delivered) - At(Whereabouts.Failed)} recipients have no end although nothing goes on");
        if (_shares.Sites != 0) throw new BrokenInvariantException($"{_shares.Sites} sites have a share of nothing");
        if (Batcher.Sites != 0 || Batcher.OpenSessions != 0) throw new BrokenInvariantException($"{Batcher.Sites} sites and {Batcher.OpenSessions} sessions are left over");
        if (Recipients.Count(r => r is { Where: Whereabouts.Failed, IsNotification: false }) != Notifications) throw new BrokenInvariantException("failures and notifications are not equally many");
        foreach (var recipient in Recipients)
        {
            // Where there is one slot in all, whoever is slow has it for as long as it likes.
            if (Options.SessionsOut > 1 && recipient.HasExpired && recipient.Route.Hosts.Any(h => IsSound(h.Name)) && recipient.Route.Hosts.All(h => _hosts[h.Name].Traits is { Defers: 0, LosesReplies: 0, TarpitMs: < 1000 }))
                throw new BrokenInvariantException($"recipient {recipient.Index} of {recipient.Entry.Id.Value} expired after {recipient.Attempts} attempts although one of its hosts is sound");
        }

        foreach (var host in _hosts.Values)
            if (host.Sessions != 0) throw new BrokenInvariantException($"{host.Sessions} sessions were never closed at {host.Traits.Name}");
    }

    private int At(Whereabouts where) => _at[(int)where];
}
