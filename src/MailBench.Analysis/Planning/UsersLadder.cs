using MailBench.Model.Records;

namespace MailBench.Analysis.Planning;

/// <summary>
/// Numbers of users that were measured at one interval through one line, and what they say of another number. It trusts an order only as far as the points keep it: what lies between two that agree is as they
/// are, and beyond the largest nothing is known.
/// </summary>
internal sealed class UsersLadder
{
    private readonly List<Rung> _rungs;

    public UsersLadder(IEnumerable<CapacityEvidence> evidence) =>
        _rungs = [.. evidence.GroupBy(trial => trial.Users).OrderBy(same => same.Key).Select(same => new Rung(same.Key, [.. same]))];

    /// <summary>Nothing was measured that is not void.</summary>
    public bool IsEmpty => _rungs.Count == 0;

    /// <summary>Must not be empty.</summary>
    public LadderFinding Ask(int users)
    {
        if (_rungs.Find(rung => rung.Users == users) is { } exact) return Measured(exact);
        if (users > _rungs[^1].Users) return new LadderFinding(CapacityVerdict.Refused, CapacityReason.BeyondLargest, _rungs[^1].Trials);
        var (below, above) = (_rungs.FindLast(rung => rung.Users < users), _rungs.Find(rung => rung.Users > users)!);
        if (below is null)
            return above.AllCarried
                ? new LadderFinding(CapacityVerdict.Carried, CapacityReason.FewerThanCarried, above.Trials)
                : new LadderFinding(CapacityVerdict.Undecided, CapacityReason.FewestNotCarried, above.Trials);
        IReadOnlyList<CapacityEvidence> both = [.. below.Trials, .. above.Trials];
        if (below.AllCarried && above.AllCarried) return Ordered(CapacityVerdict.Carried, both, Refuting(users, carried: true));
        if (below.NoneCarried && above.NoneCarried) return Ordered(CapacityVerdict.NotCarried, both, Refuting(users, carried: false));
        var turned = below.NoneCarried || above.AllCarried;
        return new LadderFinding(CapacityVerdict.Undecided, turned ? CapacityReason.Contradiction : CapacityReason.BetweenCarriedAndNot, both);
    }

    private LadderFinding Measured(Rung rung)
    {
        if (!rung.AllCarried && !rung.NoneCarried) return new LadderFinding(CapacityVerdict.Undecided, CapacityReason.OutcomesDiffer, rung.Trials);
        return new LadderFinding(rung.AllCarried ? CapacityVerdict.Carried : CapacityVerdict.NotCarried, CapacityReason.Measured, rung.Trials) { Against = Refuting(rung.Users, rung.AllCarried) };
    }

    /// <summary>What nobody measured follows from its neighbours only where all others keep the order, too.</summary>
    private static LadderFinding Ordered(CapacityVerdict verdict, IReadOnlyList<CapacityEvidence> both, IReadOnlyList<CapacityEvidence> refuting) => refuting.Count == 0
        ? new LadderFinding(verdict, CapacityReason.Between, both)
        : new LadderFinding(CapacityVerdict.Undecided, CapacityReason.Contradiction, [.. both.Concat(refuting).OrderBy(trial => trial.Users)]);

    /// <summary>Fewer users who were not carried, where these are; more who were, where these are not.</summary>
    private IReadOnlyList<CapacityEvidence> Refuting(int users, bool carried) =>
        [.. _rungs.Where(rung => carried ? rung.Users < users : rung.Users > users).SelectMany(rung => rung.Trials).Where(trial => trial.Carried != carried)];

    private sealed record Rung(int Users, IReadOnlyList<CapacityEvidence> Trials)
    {
        public bool AllCarried => Trials.All(trial => trial.Carried);
        public bool NoneCarried => Trials.All(trial => !trial.Carried);
    }
}
