using MailBench.Model.Options;
using MailBench.Model.Units;

namespace MailBench.Peers.Poll;

/// <summary>A poll that is due: whose, the how-many-eth of that user's, and when, in ns from the start of the load.</summary>
internal readonly record struct DuePoll(int User, int Cycle, long OffsetNs);

/// <summary>
/// When each user polls: at its phase, and again every interval. Pure: a time depends on options and seed alone, so a slow server cannot make the load wait (no coordinated
/// omission). Every interval is the same permutation of the users, hence no heap: memory is 12 octets a user.
/// </summary>
internal sealed class PollTimetable
{
    private readonly long _intervalNs;
    private readonly long[] _phases;
    private readonly int[] _order;
    private readonly long _count;
    private readonly long _endNs;
    private long _next;

    public PollTimetable(PollOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Users, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.Interval, TimeSpan.Zero);
        _intervalNs = options.Interval.ToNs();
        _count = options.Count == 0 ? long.MaxValue : options.Count;
        _endNs = options.Duration == TimeSpan.Zero ? long.MaxValue : options.Duration.ToNs();
        _phases = options.MomentsNs();
        _order = [.. Enumerable.Range(0, options.Users)];
        if (options.Phase == PollPhase.Random) Array.Sort((long[])_phases.Clone(), _order);
    }

    /// <summary>The next poll, in order of time; false when count or duration is reached.</summary>
    public bool TryNext(out DuePoll due)
    {
        var (cycle, place) = Math.DivRem(_next, _order.Length);
        var user = _order[place];
        due = new DuePoll(user, (int)cycle, OffsetOf(user, (int)cycle));
        if (_next >= _count || due.OffsetNs >= _endNs) return false;
        _next++;
        return true;
    }

    public long OffsetOf(int user, int cycle) => _phases[user] + cycle * _intervalNs;
}
