using MailBench.Model.Nodes;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;
using MailBench.Runs.Sweep;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>The kinds of system under test: what is here of a profile's, and how each starts.</summary>
public static class MailSystems
{
    private static readonly ForeignAdapter[] Adapters = [new PostfixAdapter(), new EximAdapter(), new OpenSmtpdAdapter(), new SendmailAdapter(), new DovecotAdapter()];

    /// <summary>Takes the optional systems that cannot run here out of a profile's points; the sentences say which and why.</summary>
    public static (Profile Profile, IReadOnlyList<string> LeftOut) WithoutMissing(Profile profile) => WithoutMissing(profile, Missing);

    /// <summary>The same, with <paramref name="missing"/> to say why a system cannot run. Pure.</summary>
    internal static (Profile Profile, IReadOnlyList<string> LeftOut) WithoutMissing(Profile profile, Func<MailSystem, string?> missing)
    {
        var reasons = new Dictionary<string, string>(StringComparer.Ordinal);
        bool IsHere(string name)
        {
            var system = profile.SystemNamed(name);
            if (!system.IsForeign || !system.Optional || missing(system) is not { } reason) return true;
            reasons[name] = reason;
            return false;
        }

        var sweeps = new List<Model.Profiles.Sweep>();
        foreach (var sweep in profile.Sweeps)
        {
            var swept = sweep.Axes.Any(axis => axis.Path == "system");
            if (!swept && !IsHere(sweep.Set.LastOrDefault(pair => pair.Key == "system").Value ?? profile.Settings.Text("system"))) continue;
            Axis[] axes = [.. sweep.Axes.Select(axis => axis.Path == "system" ? axis with { Steps = [.. axis.Steps.Where(step => IsHere(step.Value))] } : axis)];
            if (axes.All(axis => axis.Steps.Count > 0)) sweeps.Add(sweep with { Axes = axes });
        }

        string[] leftOut = [.. reasons.Select(pair => $"{pair.Key} was left out: {pair.Value}")];
        if (profile.Sweeps.Count > 0 && sweeps.Count == 0) throw new NodeRefusedException($"{profile.Name}: nothing is left to measure. {string.Join(' ', leftOut)}");
        return (profile with { Sweeps = sweeps }, leftOut);
    }

    /// <summary>Throws <see cref="NodeRefusedException"/> when a point's system is not here or may not be started, with what to do.</summary>
    public static void Check(RunPlan plan)
    {
        if (plan.NeedsResolver)
        {
            if (CachingResolver.Missing() is { } why) throw new NodeRefusedException($"dns.resolver: {why}");
            if (plan.Points.FirstOrDefault(point => point.System.Kind == SystemKind.External) is { } outside)
                throw new NodeRefusedException($"dns.resolver: {outside.System.Name} runs outside the network in which the resolver would be; whoever runs it puts a resolver before it.");
        }

        foreach (var system in plan.Points.Select(point => point.System).Where(system => system.IsForeign).DistinctBy(system => system.Name))
            if (Missing(system) is { } reason)
                throw new NodeRefusedException($"{system.Name}: {reason} Points of systems that are not here are left out when systems.{system.Name} says 'optional: on'.");
    }

    /// <summary>Which of the foreign kinds are here, each with the version and root, or with what is missing.</summary>
    public static IReadOnlyList<(SystemKind Kind, (string Version, string Root)? Found, string? Missing)> Here() =>
        [.. Adapters.Select(adapter => (adapter.Kind, Of: new MailSystem(Kebab.Format(adapter.Kind), adapter.Kind), Adapter: adapter)).Select(kind => (kind.Kind, kind.Adapter.Found(kind.Of), kind.Adapter.Missing(kind.Of)))];

    /// <summary>A sentence that says why no foreign MTA can be started here whatever is installed, or null.</summary>
    public static string? NoEnclosure() => Enclosure.Missing();

    internal static string? Refusal(MailSystem system) => system.Kind switch
    {
        SystemKind.Mailbench => null,
        SystemKind.External => system.At is null ? "an external server needs a definition: systems: {NAME: {kind: external, at: HOST:PORT}}." : null,
        _ => AdapterOf(system).Refusal(system),
    };

    /// <summary>Why a point cannot be about this system, or null: an MTA has no mailboxes, a mailbox server relays nothing, and what is not ours gets its mail as it can.</summary>
    internal static string? Refusal(MailSystem system, SettingValues settings)
    {
        var kinds = string.Join(", ", Enum.GetValues<SystemKind>().Where(kind => settings.HasUsers() ? new MailSystem("", kind).HasMailboxes : new MailSystem("", kind).RelaysMail).Select(Kebab.Format));
        if (!settings.HasUsers()) return system.RelaysMail ? null : $"a mailbox server is measured by users who poll it (users.count); mail is relayed by {kinds}.";
        if (!system.HasMailboxes) return $"it has no mailboxes that users could poll; these have: {kinds}.";
        if (system.Kind == SystemKind.Mailbench) return null;
        if (settings.Text("users.delivery") == "mta") return "users.delivery mta is MailBench's own all-in-one server; other mailbox servers get their mail straight.";
        if (system.Kind == SystemKind.External && (settings.Number("users.mailPerPoll") > 0 || settings.Integer("users.mailbox.messages") > 0))
            return "what lies and arrives in an external server's mailboxes is its own affair: leave out users.mailPerPoll and users.mailbox.messages.";
        return null;
    }

    internal static IReadOnlyDictionary<string, string> FeaturesOf(MailSystem system, SettingValues settings) => CachingResolver.Tell(system.Kind switch
    {
        SystemKind.Mailbench => settings.HasUsers() ? OwnMailbox.FeaturesOf(settings) : OwnCore.FeaturesOf(settings),
        SystemKind.External => ExternalServer.FeaturesOf(system),
        _ when AdapterOf(system) is MailboxAdapter adapter => adapter.Features(system, settings),
        _ => MtaOf(system).Features(system),
    }, settings);

    /// <summary>The adapter of a foreign mailbox server, whose point <see cref="Refusal(MailSystem, SettingValues)"/> has let pass.</summary>
    internal static MailboxAdapter MailboxOf(MailSystem system) => (MailboxAdapter)AdapterOf(system);

    internal static async Task<ISystemUnderTest> StartAsync(
        MailSystem system, NodeProgram program, SettingValues settings, SutPlace place, RoleLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        switch (system.Kind)
        {
            case SystemKind.Mailbench:
                return await OwnCore.StartAsync(program, settings, place, log, time, cancellationToken);
            case SystemKind.External:
                log.Dispose();
                return await ExternalServer.ReachAsync(system, "mta", cancellationToken);
            default:
                return await ForeignMta.StartAsync(MtaOf(system), system, settings, place, log, time, cancellationToken);
        }
    }

    /// <summary>The system with the settings that make it hold what it accepts until it is released; null where it cannot.</summary>
    internal static MailSystem? Holding(MailSystem system) =>
        system.IsEnclosed && AdapterOf(system) is MtaAdapter { Holding: { Count: > 0 } settings } ? system with { Settings = [.. settings, .. system.Settings] } : null;

    /// <summary>Starts what <see cref="Holding"/> gave.</summary>
    internal static Task<ForeignMta> StartHoldingAsync(MailSystem system, SettingValues settings, SutPlace place, RoleLog log, TimeProvider time, CancellationToken cancellationToken) =>
        ForeignMta.StartAsync(MtaOf(system), system, settings, place, log, time, cancellationToken);

    private static string? Missing(MailSystem system) => system.IsEnclosed ? Enclosure.Missing() ?? AdapterOf(system).Missing(system) : null;

    private static MtaAdapter MtaOf(MailSystem system) => (MtaAdapter)AdapterOf(system);

    private static ForeignAdapter AdapterOf(MailSystem system) => Array.Find(Adapters, adapter => adapter.Kind == system.Kind)!;
}
