using System.Globalization;

namespace MailBench.Model.Searching;

/// <summary>
/// The search for the highest rate that is carried (method: sustainable rate), as a fold over the tries so far: the same tries always give the same next rate and the same interval, so that a run which was
/// interrupted goes on where it was, and an analysis sees what the runner saw. Upwards from an eighth of the most by doubling, bisection by ratio until carried and not carried lie within the resolution, then both ends
/// afresh: lower and upper, upper and lower. What a fresh try contradicts widens the interval, is bisected and confirmed again. Pure; bounded by <see cref="MostTries"/>.
/// </summary>
/// <param name="mostPerSecond">The highest rate that may be tried, messages per second.</param>
/// <param name="resolution">How close the two ends must come: upper ÷ lower − 1.</param>
public sealed class SustainableSearch(double mostPerSecond, double resolution)
{
    /// <summary>The first rate is the most ÷ 8: three doublings from it. Halvings below it end after four: less is a slip in the most.</summary>
    public const int FirstShare = 8;
    private const int Doublings = 3;
    private const int Halvings = 4;
    private const int Confirmations = 4;

    /// <summary>Void tries of a whole search that <see cref="MostTries"/> allows for.</summary>
    private const int Voids = 3;

    /// <summary>What rounding makes of a rate is less.</summary>
    private const double Grain = 1e-3;

    private readonly double _most = Rounded(mostPerSecond);
    private readonly List<double> _carried = [];
    private readonly List<double> _notCarried = [];
    private int _tries;
    private int _confirmed;
    private TryMark? _void;
    private bool _voidTwice;

    /// <summary>Tries that no search exceeds: bracket and bisection, both with their confirmations twice over, since ends may turn out to be none, and three that were void.</summary>
    public static int MostTries(double resolution) => 1 + Halvings + 2 * (Bisections(resolution) + Confirmations) + Voids;

    /// <summary>Tries where none contradicts another and none is void, and the rate is in the upper half of what may be tried.</summary>
    public static int UsualTries(double resolution) => 1 + Doublings + Bisections(resolution) + Confirmations;

    /// <summary>The highest rate that was carried below all that ever were not; null: none.</summary>
    public double? Low => Highest(_carried.Where(rate => rate < (Lowest(_notCarried) ?? double.PositiveInfinity)));

    /// <summary>The lowest rate that was not carried above all that ever were; null: none.</summary>
    public double? High => Lowest(_notCarried.Where(rate => rate > (Highest(_carried) ?? 0)));

    /// <summary>A rate was not carried though another at or above it was: the interval is wider than the resolution for that.</summary>
    public bool Disagrees => Lowest(_notCarried) <= Highest(_carried);

    public SearchEnd End => _voidTwice ? SearchEnd.Void : Planned() is null ? SearchEnd.Found : _tries >= MostTries(resolution) ? SearchEnd.Exhausted : SearchEnd.Unfinished;

    /// <summary>What is to be tried now; null: the search has ended (<see cref="End"/>).</summary>
    public TryMark? Next => End == SearchEnd.Unfinished ? _void ?? Planned() : null;

    /// <summary>Takes the next try in.</summary>
    public void Took(TryMark tried, TryVerdict verdict)
    {
        _tries++;
        if (verdict == TryVerdict.Void)
        {
            _voidTwice = _void is not null;
            _void = tried;
            return;
        }

        _void = null;
        var before = (Low, High);
        (verdict == TryVerdict.Carried ? _carried : _notCarried).Add(tried.PerSecond);
        _confirmed = before != (Low, High) ? 0 : _confirmed + (tried.Step is TryStep.Upwards or TryStep.Downwards ? 1 : 0);
    }

    private TryMark? Planned() => Bracket() is { } bracket ? Mark(bracket, TryStep.Bracket) : Bisection() is { } between ? Mark(between, TryStep.Bisection) : Confirmation();

    private double? Bracket()
    {
        if (_carried.Count + _notCarried.Count == 0) return Rounded(_most / FirstShare);
        if (Low is null && Lowest(_notCarried) / 2 is { } less && less >= _most / (FirstShare << Halvings) * (1 - Grain)) return Rounded(less);
        return High is null && Highest(_carried) is { } carried && carried < _most ? Math.Min(_most, Rounded(2 * carried)) : null;
    }

    /// <summary>Where tries contradict each other there are two gaps: below the lowest that was not carried, and above the highest that was.</summary>
    private double? Bisection() => Between(Low, Lowest(_notCarried)) ?? Between(Highest(_carried), High);

    private double? Between(double? carried, double? not)
    {
        if (not / carried is not { } ratio || ratio <= 1 + resolution) return null;
        var middle = Rounded(Math.Sqrt(carried!.Value * not!.Value));
        return middle > carried && middle < not ? middle : null;
    }

    private TryMark? Confirmation()
    {
        (double? Rate, TryStep Step)[] order = [(Low, TryStep.Upwards), (High, TryStep.Upwards), (High, TryStep.Downwards), (Low, TryStep.Downwards)];
        var next = order.Where(end => end.Rate is not null).ElementAtOrDefault(_confirmed);
        return next.Rate is { } rate ? Mark(rate, next.Step) : null;
    }

    private TryMark Mark(double rate, TryStep step) => new(rate, _most, step);

    /// <summary>Halvings by ratio from a factor of two to the resolution.</summary>
    private static int Bisections(double resolution) => Math.Max(0, (int)Math.Ceiling(Math.Log2(Math.Log(2) / Math.Log(1 + resolution)) - Grain));

    /// <summary>Four digits, far finer than any resolution: a rate is the same in the journal, in a sentence and on the command line.</summary>
    private static double Rounded(double rate) => double.Parse(rate.ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static double? Highest(IEnumerable<double> rates) => rates.Select(rate => (double?)rate).Max();

    private static double? Lowest(IEnumerable<double> rates) => rates.Select(rate => (double?)rate).Min();
}
