using MailBench.Model.Options;
using MailBench.Model.Units;

namespace MailBench.Peers.Source.Arrivals;

/// <summary>What makes a load valid; each fault is an <see cref="ArgumentException"/> whose sentence says which stage and what to write.</summary>
public static class LoadSchedule
{
    public static void Validate(LoadOptions load, LoadModel model)
    {
        if (load.Model != model) throw new ArgumentException($"The load is {Kebab.Format(load.Model)}, not {Kebab.Format(model)}.", nameof(load));
        if (load.Count < 0 || load.Duration < TimeSpan.Zero) throw new ArgumentException("Count and duration of a load are not negative.", nameof(load));
        if (model != LoadModel.Closed && load.Sessions < 1) throw new ArgumentException("A load needs at least one session.", nameof(load));
        if (model == LoadModel.Backlog)
        {
            if (load.BacklogRecipients < 1) throw new ArgumentException("A backlog load keeps at least one recipient in the system.", nameof(load));
            if (load.Stages.Count > 0) throw new ArgumentException("A backlog load has no stages: it starts a message whenever credits allow.", nameof(load));
            return;
        }

        if (load.Stages.Count == 0) throw new ArgumentException($"A load that is {Kebab.Format(model)} needs at least one stage.", nameof(load));
        for (var i = 0; i < load.Stages.Count; i++)
            if (Fault(load.Stages[i], model, last: i == load.Stages.Count - 1) is { } fault)
                throw new ArgumentException($"Stage {i + 1} ({Kebab.Format(load.Stages[i].Kind)}): {fault}", nameof(load));
        if (load.ThinkTime < TimeSpan.Zero) throw new ArgumentException("Think time is not negative.", nameof(load));
    }

    private static string? Fault(LoadStage stage, LoadModel model, bool last)
    {
        var open = stage.Kind is LoadStageKind.Inject or LoadStageKind.RampingInject or LoadStageKind.InjectRandom;
        var closed = stage.Kind is LoadStageKind.KeepConstant or LoadStageKind.RampingConstant;
        if (open && model != LoadModel.Open) return "it gives a rate, so it belongs to an open load.";
        if (closed && model != LoadModel.Closed) return "it keeps users, so it belongs to a closed load.";
        if (stage.During < TimeSpan.Zero) return "its time is negative.";
        if (stage.During == TimeSpan.Zero && !last) return "only the last stage may go on without an end; give it a time.";
        if (open && !(stage.Rate.PerSecond > 0 && stage.Rate.PerSecond <= 1e7)) return "its rate is above zero and at most 10000000/s.";
        if (closed && stage.Users is < 0 or > 1_000_000) return "its users are 0 to 1000000.";
        return null;
    }
}
