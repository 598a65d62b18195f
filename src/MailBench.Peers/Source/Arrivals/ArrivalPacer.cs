using MailBench.Model.Options;
using MailBench.Model.Units;

namespace MailBench.Peers.Source.Arrivals;

/// <summary>
/// The intended start of every arrival of an open-loop schedule, in nanoseconds from the start of the load. Pure, in the spirit of vegeta's pacers: a time
/// depends on the schedule and the seed alone, never on when it is asked for, so a slow system cannot make the load wait for it (no coordinated omission).
/// </summary>
/// <remarks>
/// Evenly spaced and ramping stages share one rule: arrival n starts when the integral of the rate reaches n, the first at once. The integral is inverted in
/// closed form, so nothing accumulates over a long stage, and a fraction of an arrival left at a stage's end is carried into the next. A stage of R/s
/// that lasts D therefore has exactly R·D arrivals. Poisson stages draw exponential gaps from the seed and begin afresh, which changes nothing: they have no memory.
/// </remarks>
public sealed class ArrivalPacer
{
    // Below this part of an arrival, a product like 0.2/s × 5 s counts as whole.
    private const double Grain = 1e-6;

    private readonly IReadOnlyList<LoadStage> _stages;
    private readonly Random _random;
    private readonly long _count;
    private readonly long _endNs;
    private int _stage;
    private double _stageStartNs;

    /// <summary>The value of the integral, from the stage's start, at which the next arrival falls.</summary>
    private double _target;

    /// <summary>Poisson: the time of the last arrival from the stage's start, in ns; negative before the stage began.</summary>
    private double _drawnNs = -1;

    /// <summary>Takes the stages, count and duration of an open load; throws <see cref="ArgumentException"/> where they are not a valid open schedule.</summary>
    public ArrivalPacer(LoadOptions load, int seed)
    {
        LoadSchedule.Validate(load, LoadModel.Open);
        _stages = load.Stages;
        _random = new Random(seed);
        _count = load.Count == 0 ? long.MaxValue : load.Count;
        _endNs = load.Duration == TimeSpan.Zero ? long.MaxValue : load.Duration.ToNs();
    }

    /// <summary>Arrivals given so far.</summary>
    public long Given { get; private set; }

    /// <summary>Gives the next arrival's intended start, never before the previous one's; <c>false</c> when the schedule has ended.</summary>
    public bool TryNext(out long intendedNs)
    {
        intendedNs = 0;
        if (Given >= _count) return false;
        while (_stage < _stages.Count)
        {
            if (TryWithinStage(out var fromStageNs))
            {
                intendedNs = (long)Math.Round(_stageStartNs + fromStageNs);
                if (intendedNs >= _endNs) break;
                Given++;
                return true;
            }

            NextStage();
        }

        _stage = _stages.Count;
        return false;
    }

    private bool TryWithinStage(out double fromStageNs)
    {
        var stage = _stages[_stage];
        var lengthNs = (double)stage.During.ToNs();
        var endless = lengthNs == 0;
        fromStageNs = 0;
        switch (stage.Kind)
        {
            case LoadStageKind.Inject:
            case LoadStageKind.RampingInject when endless:
                if (!endless && _target >= Integral(stage) - Grain) return false;
                fromStageNs = _target / stage.Rate.PerSecond * 1e9;
                _target++;
                return true;
            case LoadStageKind.RampingInject:
                if (_target >= Integral(stage) - Grain) return false;
                fromStageNs = RampTimeNs(RateBefore(), stage.Rate.PerSecond, lengthNs, _target);
                _target++;
                return true;
            case LoadStageKind.InjectRandom:
                fromStageNs = Math.Max(_drawnNs, 0) - Math.Log(1 - _random.NextDouble()) / stage.Rate.PerSecond * 1e9;
                if (!endless && fromStageNs >= lengthNs) return false;
                _drawnNs = fromStageNs;
                return true;
            default:
                return false;
        }
    }

    private void NextStage()
    {
        var stage = _stages[_stage];
        _target = stage.Kind == LoadStageKind.InjectRandom ? 0 : Math.Max(0, _target - Integral(stage));
        if (_target < Grain) _target = 0;
        _drawnNs = -1;
        _stageStartNs += stage.During.ToNs();
        _stage++;
    }

    /// <summary>Arrivals that the whole stage owes.</summary>
    private double Integral(LoadStage stage) => stage.During.TotalSeconds * stage.Kind switch
    {
        LoadStageKind.Inject => stage.Rate.PerSecond,
        LoadStageKind.RampingInject => (RateBefore() + stage.Rate.PerSecond) / 2,
        _ => 0,
    };

    /// <summary>The rate at which a ramp begins: the previous stage's, zero after a pause or at the very start.</summary>
    private double RateBefore() => _stage == 0 || _stages[_stage - 1].Kind == LoadStageKind.Pause ? 0 : _stages[_stage - 1].Rate.PerSecond;

    /// <summary>Solves from·t + (to − from)·t² ÷ 2D = arrivals for t, in the form that loses no digits when the ramp is nearly flat.</summary>
    private static double RampTimeNs(double from, double to, double lengthNs, double arrivals)
    {
        if (arrivals == 0) return 0;
        var lengthSeconds = lengthNs / 1e9;
        var root = Math.Sqrt(Math.Max(0, from * from + 2 * (to - from) / lengthSeconds * arrivals));
        return Math.Min(lengthNs, 2 * arrivals / (from + root) * 1e9);
    }
}
