namespace MailBench.Mta.Scheduling;

// The recipients that are due and held back: a list for each site, in rows of 24 octets.
public sealed partial class SiteShares
{
    private const int None = -1;

    /// <summary>Rows that one slice of <see cref="Withdraw"/> looks at.</summary>
    private const int SliceRows = 1 << 14;

    /// <summary>Recipients of one message that go before the messages behind it have their turn.</summary>
    private const int MessageTurn = 16;

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
        _held[row] = new HeldRow { Message = due.Message, Recipient = due.Recipient, Next = None, LastOfRun = row, SinceTicks = (int)(nowNs / TickNs), State = HeldState.Held };
        if (site.Held++ == 0) site.FirstHeld = site.LastRun = row;
        else _held[site.LastHeld].Next = row;
        if (_held[site.LastRun].Message == due.Message) _held[site.LastRun].LastOfRun = row;
        else site.LastRun = row;
        site.LastHeld = row;
    }

    private bool TryRelease(Site site, out DueRecipient released)
    {
        while (site.Held > 0)
        {
            var row = site.FirstHeld;
            var held = _held[row];
            site.Held--;
            _held.Remove(row);
            PassOver(site, row, held);
            if (held.State != HeldState.Held) continue;
            released = new DueRecipient(held.Message, held.Recipient, dueNs: 0, site.Key);
            return true;
        }

        released = default;
        return false;
    }

    /// <summary>The first has gone. What is left of its message (a run in the list) goes on, or behind the others when it has had its turn: a single message does not wait for all of a list.</summary>
    private void PassOver(Site site, int row, in HeldRow first)
    {
        site.FirstHeld = first.Next;
        site.Turn++;
        if (row == first.LastOfRun)
        {
            site.Turn = 0;
            return;
        }

        _held[first.Next].LastOfRun = first.LastOfRun;
        if (site.LastRun == row) site.LastRun = first.Next;
        // Behind a failing site the oldest stays first: its age is what lets it go.
        if (site.Turn < MessageTurn || site.Failures > 0 || first.LastOfRun == site.LastHeld) return;
        site.Turn = 0;
        site.FirstHeld = _held[first.LastOfRun].Next;
        _held[first.LastOfRun].Next = None;
        _held[site.LastHeld].Next = first.Next;
        site.LastRun = first.Next;
        site.LastHeld = first.LastOfRun;
    }

    private bool NextIsOf(Site site, int message) => _held[site.FirstHeld].Message == message;

    private long HeldSinceNs(Site site) => _held[site.FirstHeld].SinceTicks * TickNs;

    private enum HeldState : byte { Free, Held, Withdrawn }

    private struct HeldRow
    {
        public int Message, Recipient, Next, SinceTicks;

        /// <summary>Of the first of a message's rows that lie one behind the other: the last of them.</summary>
        public int LastOfRun;
        public HeldState State;
    }
}
