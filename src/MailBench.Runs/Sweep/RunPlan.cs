using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Records;

namespace MailBench.Runs.Sweep;

/// <summary>A point with its typed settings. <paramref name="BasePoint"/>: the point whose delivered rate its own rate is a share of, or null.</summary>
public sealed record PointPlan(PlannedPoint Planned, SettingValues Settings, int? BasePoint)
{
    public int Number => Planned.Point;
}

/// <summary>One repetition of a point; repetitions count from 0.</summary>
public sealed record TrialPlan(PointPlan Point, int Repetition);

/// <summary>All that a run will do, known before it starts. Points count from 1.</summary>
public sealed record RunPlan(Profile Profile, IReadOnlyList<PointPlan> Points, IReadOnlyList<TrialPlan> Trials)
{
    /// <summary>A sweep beyond this is a slip of the pen, and would fill the disk before anybody noticed.</summary>
    public const int MaxTrials = 10_000;

    /// <summary>
    /// Multiplies the axes out and orders the trials: repetition by repetition, in each the sweeps in file order (a sweep after those it names), in each the points
    /// shuffled by the seed. Throws <see cref="ProfileException"/> for an absurd count and for combinations that cannot run.
    /// </summary>
    public static RunPlan Of(Profile profile)
    {
        RefuseAbsurdCount(profile);
        var points = new List<PointPlan>();
        if (profile.Sweeps.Count == 0) points.Add(PointOf(profile, points, "point", profile.Settings, new Dictionary<string, string>(), profile.File));
        foreach (var sweep in profile.Sweeps)
        {
            var settings = sweep.Set.Aggregate(profile.Settings, (values, pair) => values.With(pair.Key, pair.Value));
            foreach (var (axes, values) in Combinations(sweep.Axes, settings)) points.Add(PointOf(profile, points, sweep.Name, values, axes, sweep.Where));
        }

        return new RunPlan(profile, points, TrialOrder.Of(points, profile.Repetitions, profile.Seed));
    }

    private static void RefuseAbsurdCount(Profile profile)
    {
        var count = (profile.Sweeps.Count == 0 ? 1 : profile.Sweeps.Sum(sweep => sweep.Count)) * profile.Repetitions;
        if (count <= MaxTrials) return;
        var largest = profile.Sweeps.MaxBy(sweep => sweep.Count);
        var product = largest is null ? "" : $" (sweep '{largest.Name}': {string.Join(" × ", largest.Axes.Select(axis => $"{axis.Steps.Count} {axis.Path}"))})";
        throw new ProfileException(largest?.Where ?? profile.File, $"{count:#,0} trials{product}; at most {MaxTrials:#,0} are run. Shorten an axis or the repetitions.");
    }

    /// <summary>The product of the axes, the last varying fastest.</summary>
    private static IEnumerable<(IReadOnlyDictionary<string, string> Axes, SettingValues Settings)> Combinations(IReadOnlyList<Axis> axes, SettingValues settings)
    {
        IEnumerable<(Dictionary<string, string> Axes, SettingValues Settings)> combinations = [(new Dictionary<string, string>(), settings)];
        foreach (var axis in axes)
            combinations = combinations.SelectMany(_ => axis.Steps, (before, step) => (
                new Dictionary<string, string>(before.Axes) { [axis.Path] = Written(step.Value) },
                step.With.Aggregate(before.Settings.With(axis.Path, step.Value), (values, pair) => values.With(pair.Key, pair.Value))));
        return combinations.Select(pair => ((IReadOnlyDictionary<string, string>)pair.Axes, pair.Settings));
    }

    private static PointPlan PointOf(
        Profile profile, List<PointPlan> before, string sweep, SettingValues settings, IReadOnlyDictionary<string, string> axes, string where)
    {
        // The record keeps paths as they were written: where this machine keeps its mail is nobody's business.
        var planned = new PlannedPoint(before.Count + 1, sweep, axes, settings.ToDictionary());
        settings = PathsBeside(profile.File, settings);
        var basePoint = BaseOf(profile, before, sweep, settings, where);
        RefuseImpossible(settings, where, Coordinates(axes));
        return new PointPlan(planned, settings, basePoint);
    }

    /// <summary>An axis value as people read it: an empty list is <c>none</c>.</summary>
    private static string Written(string value) => value.Length == 0 ? "none" : value;

    /// <summary>Real mail named by a relative path lies beside the profile.</summary>
    private static SettingValues PathsBeside(string file, SettingValues settings)
    {
        if (settings.Find("workload.messages") is not { } messages || Path.IsPathRooted(messages)) return settings;
        var beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file)) ?? ".", messages);
        return Path.Exists(beside) ? settings.With("workload.messages", beside) : settings;
    }

    /// <summary>The point of the sweep that a derived rate names, at the same coordinates: equal in every axis of that sweep.</summary>
    private static int? BaseOf(Profile profile, List<PointPlan> before, string sweep, SettingValues settings, string where)
    {
        if (settings.Choice<LoadModel>("load.model") != LoadModel.Open || !OfferedRate.TryParse(settings.Find("load.rate"), out var rate) || rate.Sweep is not { } named) return null;
        if (profile.Sweeps.FirstOrDefault(other => other.Name == named) is not { } origin)
        {
            var hint = NearestName.Of(named, profile.Sweeps.Select(other => other.Name)) is { } nearest ? $"; did you mean '{nearest}'?" : ".";
            throw new ProfileException(where, $"load.rate: there is no sweep '{named}'{hint}");
        }

        var matches = before.Where(point => point.Planned.Sweep == named && origin.Axes.All(axis => point.Planned.Axes[axis.Path] == Written(settings.Find(axis.Path) ?? ""))).ToArray();
        if (matches.Length == 1) return matches[0].Number;
        throw new ProfileException(where, before.Exists(point => point.Planned.Sweep == named)
            ? $"load.rate: sweep '{named}' has no point at the coordinates of a point of '{sweep}' ({string.Join(", ", origin.Axes.Select(axis => $"{axis.Path} {settings.Find(axis.Path)}"))}); give both the same values."
            : $"load.rate: sweep '{named}' must stand above '{sweep}', which depends on it.");
    }

    private static void RefuseImpossible(SettingValues settings, string where, string coordinates)
    {
        try
        {
            settings.ToLoad();
            settings.ToMtaSettings();
        }
        catch (FormatException wrong)
        {
            throw new ProfileException(where, wrong.Message + coordinates);
        }

        if (settings.Text("line.backend") == "kernel")
            throw new ProfileException(where, "line.backend kernel is not there yet; this version shapes lines in user space. Write auto or userspace.");
        if (settings.Integer("workload.recipients") > settings.Integer("mta.maxRecipients"))
            throw new ProfileException(where, $"workload.recipients {settings.Integer("workload.recipients")} is above mta.maxRecipients {settings.Integer("mta.maxRecipients")}: every message would be refused.{coordinates}");
        if (settings.Choice<LoadModel>("load.model") == LoadModel.Backlog && settings.Integer("load.backlog") < settings.Integer("workload.recipients"))
            throw new ProfileException(where, $"load.backlog {settings.Integer("load.backlog")} is below workload.recipients {settings.Integer("workload.recipients")}: no message fits into it.{coordinates}");
        if (settings.Integer("dns.perDomain") > settings.Integer("dns.mx"))
            throw new ProfileException(where, $"dns.perDomain {settings.Integer("dns.perDomain")} is above dns.mx {settings.Integer("dns.mx")}: there are not so many hosts.{coordinates}");
        if (settings.Find("workload.messages") is { } messages && !Path.Exists(messages))
            throw new ProfileException(where, $"workload.messages: '{messages}' is neither a file nor a folder.{coordinates}");
    }

    private static string Coordinates(IReadOnlyDictionary<string, string> axes) =>
        axes.Count == 0 ? "" : $" (at {string.Join(", ", axes.Select(axis => $"{axis.Key} {axis.Value}"))})";
}
