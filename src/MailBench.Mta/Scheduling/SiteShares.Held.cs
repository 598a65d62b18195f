namespace MailBench.Mta.Scheduling;

// The recipients that are due and held back: a list for each site, in rows of 20 octets.
public sealed partial class SiteShares
{
    private const int None = -1;

    /// <summary>Rows that one slice of <see cref="Withdraw"/> looks at.</summary>
    private const int SliceRows = 1 << 14;

    /// <summary>Unit in which a row remembers since when it is held.</summary>
    private const long TickNs = 100_000_000;

    private readonly Slab<HeldRow> _held = new();

    /// <summary>Parts that <see cref="Withdraw"/> goes through now, one at a time.</summary>
    public int Slices => (_held.End + SliceRows - 1) / SliceRows;

    /// <summary>
    /// Takes out those held in a slice that the condition names, in no order. Recipients come here from the <see cref="DueQueue"/> and leave to delivery: after all of its slices and then all
    /// of these, each that waited all the while was looked at.
    /// </summary>
    public void Withdraw(int slice, Func<int, int, bool> condition, List<DueRecipient> taken)
    {
        for (var row = slice * SliceRows; row < Math.Min(_held.End, (slice + 1) * SliceRows); row++)
        {
            ref var held = ref _held[row];
            if (held.State != HeldState.Held || !condition(held.Message, held.Recipient)) continue;
            taken.Add(new DueRecipient(held.Message, held.Recipient, dueNs: 0));
            held.State = HeldState.Withdrawn;
        }
    }

    private void Hold(Site site, in DueRecipient due, long nowNs)
    {
        var row = _held.Add();
        _held[row] = new HeldRow { Message = due.Message, Recipient = due.Recipient, Next = None, SinceTicks = (int)(nowNs / TickNs), State = HeldState.Held };
        if (site.Held++ == 0) site.FirstHeld = row;
        else _held[site.LastHeld].Next = row;
        site.LastHeld = row;
    }

    private bool TryRelease(Site site, out DueRecipient released)
    {
        while (site.Held > 0)
        {
            var row = site.FirstHeld;
            var held = _held[row];
            site.FirstHeld = held.Next;
            site.Held--;
            _held.Remove(row);
            if (held.State != HeldState.Held) continue;
            released = new DueRecipient(held.Message, held.Recipient, dueNs: 0, site.Key);
            return true;
        }

        released = default;
        return false;
    }

    private bool NextIsOf(Site site, int message) => _held[site.FirstHeld].Message == message;

    private long HeldSinceNs(Site site) => _held[site.FirstHeld].SinceTicks * TickNs;

    private enum HeldState : byte { Free, Held, Withdrawn }

    private struct HeldRow
    {
        public int Message, Recipient, Next, SinceTicks;
        public HeldState State;
    }
}
