using MailBench.Model.Options;
using MailBench.Model.Units;

namespace MailBench.Peers.Source.Arrivals;

/// <summary>
/// How many users a closed load keeps at a time from its start: pure. A ramp adds (or withdraws) whole users, evenly spaced, and has them all at its end.
/// </summary>
public sealed class UserSchedule
{
    private readonly LoadStage[] _stages;
    private readonly long _endNs;

    /// <summary>Takes the stages of a closed load; throws <see cref="ArgumentException"/> where they are not a valid closed schedule.</summary>
    public UserSchedule(LoadOptions load)
    {
        LoadSchedule.Validate(load, LoadModel.Closed);
        _stages = [.. load.Stages];
        _endNs = load.Duration == TimeSpan.Zero ? long.MaxValue : load.Duration.ToNs();
    }

    /// <summary>The most users that the schedule ever keeps.</summary>
    public int Most => _stages.Max(stage => stage.Users);

    /// <summary>Users at <paramref name="offsetNs"/> from the start; -1 when the schedule has ended.</summary>
    public int At(long offsetNs) => Locate(offsetNs) is { Index: >= 0 } place ? UsersIn(place.Index, offsetNs - place.StartNs) : -1;

    /// <summary>The next time after <paramref name="offsetNs"/> at which the number may differ (or the schedule ends); <see cref="long.MaxValue"/>: never.</summary>
    public long NextChangeNs(long offsetNs)
    {
        var (index, startNs) = Locate(offsetNs);
        if (index < 0) return long.MaxValue;
        var stage = _stages[index];
        var lengthNs = stage.During.ToNs();
        var next = lengthNs == 0 ? long.MaxValue : startNs + lengthNs;
        if (stage.Kind == LoadStageKind.RampingConstant && lengthNs > 0)
        {
            var difference = Math.Abs((long)stage.Users - UsersBefore(index));
            if (difference > 0)
            {
                var done = Math.Abs((long)UsersIn(index, offsetNs - startNs) - UsersBefore(index));
                var step = (long)(((Int128)(done + 1) * lengthNs + difference - 1) / difference);
                next = Math.Min(next, startNs + step);
            }
        }

        return Math.Min(next, _endNs);
    }

    private (int Index, long StartNs) Locate(long offsetNs)
    {
        if (offsetNs >= _endNs) return (-1, 0);
        var startNs = 0L;
        for (var i = 0; i < _stages.Length; i++)
        {
            var lengthNs = _stages[i].During.ToNs();
            if (lengthNs == 0 || offsetNs < startNs + lengthNs) return (i, startNs);
            startNs += lengthNs;
        }

        return (-1, 0);
    }

    private int UsersIn(int index, long fromStageNs)
    {
        var stage = _stages[index];
        var lengthNs = stage.During.ToNs();
        return stage.Kind switch
        {
            LoadStageKind.Pause => 0,
            LoadStageKind.RampingConstant when lengthNs > 0 => UsersBefore(index) + (int)((Int128)(stage.Users - UsersBefore(index)) * fromStageNs / lengthNs),
            _ => stage.Users,
        };
    }

    private int UsersBefore(int index) => index == 0 || _stages[index - 1].Kind == LoadStageKind.Pause ? 0 : _stages[index - 1].Users;
}
