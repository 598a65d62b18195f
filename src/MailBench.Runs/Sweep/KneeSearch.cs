namespace MailBench.Runs.Sweep;

/// <summary>
/// The search for the most users who are carried: a first number with room, upwards by the hint that it gives or by doubling until a number is not carried, then bisection by ratio until
/// both ends are within the resolution. The upper end is then tried once more: where it was a slow moment of the machine, the search goes on above it. Pure; bounded.
/// </summary>
internal sealed class KneeSearch(int most, double resolution)
{
    /// <summary>Of the most that are tried; room enough that the octets of a poll hold no queueing.</summary>
    private const int FirstShare = 8;

    /// <summary>Steps around the hint: the knee is expected between them.</summary>
    private const double HintBelow = 0.96, HintAbove = 1.04;

    /// <summary>So often an upper end may turn out to be none.</summary>
    private const int MostRevisions = 3;

    private double _hint;
    private int _revisions;
    private bool _confirmed;

    /// <summary>The most that were carried; 0: none yet.</summary>
    public int Carried { get; private set; }

    /// <summary>The fewest that were not; 0: none.</summary>
    public int NotCarried { get; private set; }

    /// <summary>The next number to try; false: the ends are close enough, or there is nothing left to try.</summary>
    public bool TryNext(out int users)
    {
        users = Next();
        if (users > Carried && (NotCarried == 0 || users < NotCarried)) return true;
        users = NotCarried;
        return users > 0 && !_confirmed && _revisions < MostRevisions;
    }

    /// <param name="users">What was tried.</param>
    /// <param name="carried">Whether they were.</param>
    /// <param name="busy">Share of the line that they took; null: there is none. While there is room it says where the line will be full.</param>
    public void Took(int users, bool carried, double? busy)
    {
        if (carried && users >= NotCarried && NotCarried > 0) (NotCarried, _revisions) = (0, _revisions + 1);
        _confirmed = !carried && users == NotCarried;
        if (carried) Carried = Math.Max(Carried, users);
        else NotCarried = NotCarried == 0 ? users : Math.Min(NotCarried, users);
        if (_hint == 0 && carried && busy is > 0.02 and < 0.9) _hint = users / busy.Value;
    }

    private int Next()
    {
        if (Carried == 0) return NotCarried == 0 ? Math.Max(1, most / FirstShare) : Math.Max(1, NotCarried / 4);
        if (Carried >= most) return 0;
        if (NotCarried == 0) return Math.Min(most, Upwards());
        if (NotCarried <= Math.Max(Carried + 1, (int)(Carried * (1 + resolution)))) return 0;
        return Math.Clamp((int)Math.Round(Math.Sqrt((double)Carried * NotCarried)), Carried + 1, NotCarried - 1);
    }

    private int Upwards()
    {
        if (_hint == 0) return 2 * Carried;
        foreach (var share in new[] { HintBelow, HintAbove })
            if ((int)(_hint * share) > Carried) return (int)(_hint * share);
        return (int)Math.Ceiling(Carried * 1.25);
    }
}
