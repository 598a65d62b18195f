using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;
using MailBench.Runs.CrossCheck;
using MailBench.Runs.Testbed;
using MailBench.Runs.Testbed.Lines;
using MailBench.Runs.Testbed.Systems;

namespace MailBench.Runs.Sweep;

/// <summary>A point with its typed settings and its system under test. <paramref name="BasePoint"/>: the point whose delivered rate its own rates are shares of, or null.</summary>
public sealed record PointPlan(PlannedPoint Planned, SettingValues Settings, MailSystem System, int? BasePoint)
{
    public int Number => Planned.Point;
}

/// <summary>One repetition of a point, or one try of a point that is a search; both count from 0.</summary>
public sealed record TrialPlan(PointPlan Point, int Repetition);

/// <summary>All that a run will do, known before it starts. Points count from 1.</summary>
public sealed record RunPlan(Profile Profile, IReadOnlyList<PointPlan> Points, IReadOnlyList<TrialPlan> Trials)
{
    /// <summary>A sweep beyond this is a slip of the pen, and would fill the disk before anybody noticed.</summary>
    public const int MaxTrials = 10_000;

    /// <summary>A sentence for each optional system that was left out.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>What shapes the line: <c>userspace</c> until <see cref="LineBackends"/> has chosen.</summary>
    public string LineBackend { get; init; } = LineBackends.UserSpace;

    /// <summary>Why <c>auto</c> did not take kernel lines, or null.</summary>
    public string? LineNote { get; init; }

    /// <summary>
    /// Foreign MTAs ask their resolver at port 53 and send to port 25, and virtual cables need a network where nobody else's are: all nodes then run in a network of their own, own core included, so
    /// that figures stay comparable.
    /// </summary>
    public bool NeedsPrivateNetwork => LineBackend == LineBackends.Kernel || NeedsResolver || Points.Any(point => point.System.IsEnclosed);

    /// <summary>Whether a caching resolver stands before a system: it listens at port 53, too.</summary>
    public bool NeedsResolver => Points.Any(point => Testbed.CachingResolver.IsWanted(point.Settings));

    /// <summary>
    /// Multiplies the axes out and orders the trials: repetition by repetition, in each the sweeps in file order (a sweep after those it names), in each the points
    /// shuffled by the seed. Throws <see cref="ProfileException"/> for an absurd count and for combinations that cannot run.
    /// </summary>
    public static RunPlan Of(Profile profile)
    {
        RefuseAbsurdCount(profile);
        var points = new List<PointPlan>();
        if (profile.Sweeps.Count == 0) points.Add(PointOf(profile, points, "point", [], new Dictionary<string, string>(), profile.File));
        foreach (var sweep in profile.Sweeps)
            foreach (var (axes, values) in Combinations(sweep.Axes)) points.Add(PointOf(profile, points, sweep.Name, [.. sweep.Set, .. values], axes, sweep.Where));

        if (points.Find(point => point.System.Kind == SystemKind.External) is { } outside && points.Exists(point => point.System.IsEnclosed))
            throw new ProfileException(profile.File, $"systems.{outside.System.Name}: an external server cannot be reached from the private network in which a run's foreign MTAs live; give it a profile of its own.");
        if (profile.Confirms) points.AddRange(CompanionPoints.Of(points));
        if (points.Count * profile.Repetitions > MaxTrials)
            throw new ProfileException(profile.File, $"{points.Count * profile.Repetitions:#,0} trials with the companions that confirm: on adds; at most {MaxTrials:#,0} are run. Shorten an axis or the repetitions.");
        var trials = TrialOrder.Of(points, profile.Repetitions, profile.Seed);
        if (trials.Count > MaxTrials)
            throw new ProfileException(profile.File, $"{trials.Count:#,0} trials with the tries that searches may take (load.find); at most {MaxTrials:#,0} are run. Shorten an axis or coarsen load.resolution.");
        return new RunPlan(profile, points, trials);
    }

    private static void RefuseAbsurdCount(Profile profile)
    {
        var count = (profile.Sweeps.Count == 0 ? 1 : profile.Sweeps.Sum(sweep => sweep.Count)) * profile.Repetitions;
        if (count <= MaxTrials) return;
        var largest = profile.Sweeps.MaxBy(sweep => sweep.Count);
        var product = largest is null ? "" : $" (sweep '{largest.Name}': {string.Join(" × ", largest.Axes.Select(axis => $"{axis.Steps.Count} {axis.Path}"))})";
        throw new ProfileException(largest?.Where ?? profile.File, $"{count:#,0} trials{product}; at most {MaxTrials:#,0} are run. Shorten an axis or the repetitions.");
    }

    /// <summary>The product of the axes, the last varying fastest; each with the settings that its values bring, in the order of the axes.</summary>
    private static IEnumerable<(IReadOnlyDictionary<string, string> Axes, IReadOnlyList<KeyValuePair<string, string>> Values)> Combinations(IReadOnlyList<Axis> axes)
    {
        IEnumerable<(Dictionary<string, string> Axes, IReadOnlyList<KeyValuePair<string, string>> Values)> combinations = [(new Dictionary<string, string>(), [])];
        foreach (var axis in axes)
            combinations = combinations.SelectMany(_ => axis.Steps, (before, step) => (
                new Dictionary<string, string>(before.Axes) { [axis.Path] = Written(step.Value) },
                (IReadOnlyList<KeyValuePair<string, string>>)[.. before.Values, new(axis.Path, step.Value), .. step.With]));
        return combinations.Select(pair => ((IReadOnlyDictionary<string, string>)pair.Axes, pair.Values));
    }

    /// <summary>A point's settings: the profile's, over them what its system sets, over that what its sweep sets (<paramref name="ofSweep"/>).</summary>
    private static PointPlan PointOf(
        Profile profile, List<PointPlan> before, string sweep, IReadOnlyList<KeyValuePair<string, string>> ofSweep, IReadOnlyDictionary<string, string> axes, string where)
    {
        var system = profile.SystemNamed(ofSweep.LastOrDefault(pair => pair.Key == "system").Value ?? profile.Settings.Text("system"));
        var settings = system.Set.Concat(ofSweep).Aggregate(profile.Settings, (values, pair) => values.With(pair.Key, pair.Value));
        // The record keeps paths as they were written: where this machine keeps its mail is nobody's business.
        var planned = new PlannedPoint(before.Count + 1, sweep, axes, settings.ToDictionary());
        settings = PathsBeside(profile.File, settings);
        RefuseImpossible(settings, system, where, Coordinates(axes));
        var basePoint = BaseOf(profile, before, sweep, settings, where);
        // Whoever reads the feature vector sees how it was made to hold its mail.
        return new PointPlan(planned, settings, settings.CrossChecks() ? MailSystems.Holding(system)! : system, basePoint);
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
        if (settings.BaseSweep() is not { } named) return null;
        var setting = settings.OfferedPath();
        if (profile.Sweeps.FirstOrDefault(other => other.Name == named) is not { } origin)
        {
            var hint = NearestName.Of(named, profile.Sweeps.Select(other => other.Name)) is { } nearest ? $"; did you mean '{nearest}'?" : ".";
            throw new ProfileException(where, $"{setting}: there is no sweep '{named}'{hint}");
        }

        var matches = before.Where(point => point.Planned.Sweep == named && origin.Axes.All(axis => point.Planned.Axes[axis.Path] == Written(settings.Find(axis.Path) ?? ""))).ToArray();
        if (matches.Length == 1 && matches[0].Settings.FindsSustainable())
            throw new ProfileException(where, $"{setting}: sweep '{named}' is a search (load.find) and has no one rate that others could be shares of; name a sweep that measures one.");
        if (matches.Length == 1) return matches[0].Number;
        throw new ProfileException(where, before.Exists(point => point.Planned.Sweep == named)
            ? $"{setting}: sweep '{named}' has no point at the coordinates of a point of '{sweep}' ({string.Join(", ", origin.Axes.Select(axis => $"{axis.Path} {settings.Find(axis.Path)}"))}); give both the same values."
            : $"{setting}: sweep '{named}' must stand above '{sweep}', which depends on it.");
    }

    private static void RefuseImpossible(SettingValues settings, MailSystem system, string where, string coordinates)
    {
        try
        {
            settings.BaseSweep();
            var scheduled = settings.ToLoad().Stages.Aggregate(TimeSpan.Zero, (sum, stage) => sum + stage.During);
            var phases = settings.ToPhases();
            if (scheduled > phases.WarmUp + phases.Steady)
                throw new FormatException($"load.stages last {Duration.Format(scheduled)}, but warm-up and steady window together {Duration.Format(phases.WarmUp + phases.Steady)}: the rest would be cut off. Lengthen phases.steady or shorten a stage.");
            settings.ToMtaSettings();
            foreach (var stage in settings.List("users.schedule")) UsersStageText.Parse(stage);
        }
        catch (FormatException wrong)
        {
            throw new ProfileException(where, wrong.Message + coordinates);
        }

        if (settings.FindsSustainable() && SearchRefusal.Of(settings) is { } unsearchable) throw new ProfileException(where, unsearchable + coordinates);
        if (settings.HasUsers() && system.Kind != SystemKind.Mailbench && settings.Text("users.tls") != "none")
            throw new ProfileException(where, $"users.tls: so far only MailBench's own mailbox server is given a certificate (system: mailbench); take users.tls away for systems.{system.Name}.{coordinates}");
        if (settings.HasUsers() && settings.Text("users.find") == "knee" && settings.List("users.schedule").Count > 0)
            throw new ProfileException(where, $"users.find knee changes the number of users itself; it goes with no users.schedule.{coordinates}");
        if (settings.HasUsers() && settings.ToPolls(new System.Net.IPEndPoint(0, 0)) is var polls)
        {
            if (polls.Contradiction is { } contradiction) throw new ProfileException(where, $"users.action idle: {contradiction}.{coordinates}");
            if (polls.Action == PollAction.Idle && (settings.Text("users.find") == "knee" || settings.List("users.schedule").Count > 0))
                throw new ProfileException(where, $"users.action idle: the users who hold IDLE stay the same; it goes with neither users.find knee nor users.schedule.{coordinates}");
        }

        if (settings.Text("line.backend") == LineBackends.None && (!settings.HasUsers() || !settings.Capacity("line.capacity").Forward.IsUnlimited || settings.Span("line.delay") > TimeSpan.Zero))
            throw new ProfileException(where, $"line.backend none is for users alone, who dial the server itself: without a line there is neither line.capacity nor line.delay.{coordinates}");
        if (MailSystems.Refusal(system) is { } refusal) throw new ProfileException(where, $"systems.{system.Name}: {refusal}");
        if (MailSystems.Refusal(system, settings) is { } unfit) throw new ProfileException(where, $"system {system.Name}: {unfit}{coordinates}");
        if (settings.CrossChecks()) RefuseCrossCheck(settings, system, where, coordinates);
        if (settings.HasUsers() && new MailboxFill("", settings).Refusal() is { } tooMuch) throw new ProfileException(where, tooMuch + coordinates);
        if (settings.Integer("workload.recipients") > settings.Integer("mta.maxRecipients"))
            throw new ProfileException(where, $"workload.recipients {settings.Integer("workload.recipients")} is above mta.maxRecipients {settings.Integer("mta.maxRecipients")}: every message would be refused.{coordinates}");
        if (settings.Choice<LoadModel>("load.model") == LoadModel.Backlog && settings.Integer("load.backlog") < settings.Integer("workload.recipients"))
            throw new ProfileException(where, $"load.backlog {settings.Integer("load.backlog")} is below workload.recipients {settings.Integer("workload.recipients")}: no message fits into it.{coordinates}");
        if (settings.Integer("dns.perDomain") > settings.Integer("dns.mx"))
            throw new ProfileException(where, $"dns.perDomain {settings.Integer("dns.perDomain")} is above dns.mx {settings.Integer("dns.mx")}: there are not so many hosts.{coordinates}");
        if (settings.Find("workload.messages") is { } messages && !Path.Exists(messages))
            throw new ProfileException(where, $"workload.messages: '{messages}' is neither a file nor a folder.{coordinates}");
    }

    private static void RefuseCrossCheck(SettingValues settings, MailSystem system, string where, string coordinates)
    {
        if (!(settings.ToWorkload().Size is { } size && size.Bytes >= SmtpSourceMail.LeastOctets))
            throw new ProfileException(where, $"crossCheck.rounds needs a workload.size of at least {SmtpSourceMail.LeastOctets} octets: smtp-source knows no other mail.{coordinates}");
        if (MailSystems.Holding(system) is null)
            throw new ProfileException(where, $"crossCheck.rounds needs a system that can be told to hold what it accepts and to let it go later, which system {system.Name} cannot; so far postfix can.{coordinates}");
    }

    private static string Coordinates(IReadOnlyDictionary<string, string> axes) =>
        axes.Count == 0 ? "" : $" (at {string.Join(", ", axes.Select(axis => $"{axis.Key} {axis.Value}"))})";
}
