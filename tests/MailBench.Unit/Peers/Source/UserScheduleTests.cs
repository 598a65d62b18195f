using CsCheck;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Peers.Source.Arrivals;
using Xunit;

namespace MailBench.Unit.Peers.Source;

public sealed class UserScheduleTests
{
    [Fact]
    public void Ramps_add_users_one_by_one_and_pauses_have_none()
    {
        var schedule = new UserSchedule(Closed(Ramp(4, 4), Keep(4, 1), new LoadStage(LoadStageKind.Pause, default, 0, TimeSpan.FromSeconds(1)), Keep(2, 1)));
        Assert.Equal(0, schedule.At(0));
        Assert.Equal(1_000_000_000, schedule.NextChangeNs(0));
        Assert.Equal(1, schedule.At(1_000_000_000));
        Assert.Equal(3, schedule.At(3_999_999_999));
        Assert.Equal(4, schedule.At(4_000_000_000));
        Assert.Equal(5_000_000_000, schedule.NextChangeNs(4_000_000_000));
        Assert.Equal(0, schedule.At(5_500_000_000));
        Assert.Equal(2, schedule.At(6_000_000_000));
        Assert.Equal(-1, schedule.At(7_000_000_000));
        Assert.Equal(4, schedule.Most);
    }

    [Fact]
    public void An_endless_stage_ends_with_the_duration()
    {
        var schedule = new UserSchedule(Closed(Keep(3, 0)) with { Duration = TimeSpan.FromSeconds(2) });
        Assert.Equal(3, schedule.At(1_999_999_999));
        Assert.Equal(2_000_000_000, schedule.NextChangeNs(0));
        Assert.Equal(-1, schedule.At(2_000_000_000));
        Assert.Equal(long.MaxValue, new UserSchedule(Closed(Keep(3, 0))).NextChangeNs(5));
    }

    [Fact]
    public void Between_two_changes_the_number_stays() =>
        Gen.Select(Gen.Int[0, 50], Gen.Int[0, 50], Gen.Double[0.1, 3], Gen.Double[0, 1]).Sample((from, to, seconds, part) =>
        {
            var schedule = new UserSchedule(Closed(Keep(from, 1), Ramp(to, seconds)));
            var at = (long)(part * (1 + seconds) * 1e9);
            var next = schedule.NextChangeNs(at);
            return next > at && (next == long.MaxValue || schedule.At(next - 1) == schedule.At(at) && schedule.At(next) != schedule.At(at) || next == TimeSpan.FromSeconds(1).ToNs());
        }, iter: 500);

    private static LoadOptions Closed(params LoadStage[] stages) => new() { Model = LoadModel.Closed, Stages = stages };

    private static LoadStage Keep(int users, double seconds) => new(LoadStageKind.KeepConstant, default, users, TimeSpan.FromSeconds(seconds));

    private static LoadStage Ramp(int users, double seconds) => new(LoadStageKind.RampingConstant, default, users, TimeSpan.FromSeconds(seconds));
}
