using System.Net;
using MailBench.Model.Options;
using MailBench.Model.Units;

namespace MailBench.Model.Profiles;

/// <summary>The lengths of a trial's phases.</summary>
public sealed record PhaseSettings(TimeSpan WarmUp, TimeSpan Steady, TimeSpan Drain);

/// <summary>Resolved settings as the typed options of the nodes. Settings are valid one by one; what only shows in combination throws <see cref="FormatException"/>.</summary>
public static class TypedSettings
{
    public static MtaSettings ToMtaSettings(this SettingValues values) => new()
    {
        Strategy = values.Choice<DeliveryStrategy>("mta.strategy"),
        Reuse = values.Choice<SessionReuse>("mta.reuse"),
        SessionsPerSite = values.Integer("mta.sessionsPerSite"),
        SessionsOut = values.Integer("mta.sessionsOut"),
        RecipientsPerTransaction = values.Integer("mta.recipientsPerTransaction"),
        Pipelining = values.Flag("mta.pipelining"),
        Overlap = values.Flag("mta.overlap"),
        Chunking = values.Flag("mta.chunking"),
        CallsTogether = values.Flag("mta.callsTogether"),
        ContentConversion = values.Choice<ContentConversion>("mta.contentConversion"),
        TransactionsPerSession = values.Integer("mta.transactionsPerSession"),
        SessionAge = values.Span("mta.sessionAge"),
        AttemptLog = values.Choice<AttemptLog>("mta.attemptLog"),
        Retry = Retry(values),
        Durability = values.Choice<Durability>("mta.durability"),
        QueueBackend = values.Choice<QueueBackend>("mta.queueBackend"),
        QueueDirectories = values.Integer("mta.queueDirectories"),
        MaxMessageSize = values.Size("mta.maxMessageSize"),
        MaxRecipients = values.Integer("mta.maxRecipients"),
        MaxSessionsIn = values.Integer("mta.maxSessionsIn"),
        MaxSessionsPerClient = values.Integer("mta.maxSessionsPerClient"),
        MaxErrors = values.Integer("mta.maxErrors"),
        Postmaster = values.Find("mta.postmaster"),
        ReceiveMemory = values.Size("mta.receiveMemory"),
        MaxQueuedRecipients = values.Integer("mta.maxQueuedRecipients"),
        DeliveryPatience = values.Span("mta.deliveryPatience"),
        MaxHops = values.Integer("mta.maxHops"),
        SessionTimeout = values.Span("mta.sessionTimeout"),
        DnsTimeout = values.Span("mta.dnsTimeout"),
        DnsStale = values.Span("mta.dnsStale"),
    };

    /// <param name="values">The point's settings.</param>
    /// <param name="addresses">The network of the MX hosts, <c>127.0.1.0/24</c>.</param>
    /// <param name="returnAddress">Where DSNs return.</param>
    public static GeneratedZone ToZone(this SettingValues values, string addresses, string returnAddress) => new()
    {
        Domains = values.Integer("dns.domains"),
        Mx = values.Integer("dns.mx"),
        Suffix = values.Text("dns.suffix"),
        Addresses = addresses,
        PerDomain = values.Integer("dns.perDomain"),
        Additional = values.Flag("dns.additional"),
        Return = returnAddress,
        Ttl = values.Span("dns.ttl"),
    };

    public static WorkloadOptions ToWorkload(this SettingValues values) => new()
    {
        Size = values.Find("workload.size") is { } size ? ByteSize.Parse(size) : null,
        Mix = values.Find("workload.mix"),
        Messages = values.Find("workload.messages"),
        Recipients = values.Integer("workload.recipients"),
        Domains = values.Integer("dns.domains"),
        Suffix = values.Text("dns.suffix"),
        Pipelining = values.Flag("workload.pipelining"),
        Overlap = values.Flag("workload.overlap"),
        Chunking = values.Flag("workload.chunking"),
        Reuse = values.Flag("workload.reuse"),
        Seed = values.Integer("seed"),
    };

    /// <summary>The load.</summary>
    /// <param name="values">A point's settings.</param>
    /// <param name="whole">What 100 % of the sweep is that rates are shares of (<see cref="BaseSweep"/>), in messages per second; null: not known yet, or not needed.</param>
    public static LoadOptions ToLoad(this SettingValues values, Rate? whole = null)
    {
        var model = values.Choice<LoadModel>("load.model");
        return new LoadOptions
        {
            Model = model,
            Stages = model == LoadModel.Backlog ? [] : Stages(values, model, whole),
            BacklogRecipients = model == LoadModel.Backlog ? values.Integer("load.backlog") : 0,
            ThinkTime = values.Span("load.thinkTime"),
            Sessions = values.Integer("load.sessions"),
        };
    }

    /// <summary>The setting that holds an open load's rates.</summary>
    public static string OfferedPath(this SettingValues values) => values.Find("load.stages") is { Length: > 0 } ? "load.stages" : "load.rate";

    /// <summary>The sweep of which an open load's rates are shares; null: its rates are absolute. Throws <see cref="FormatException"/> where stages name more than one.</summary>
    public static string? BaseSweep(this SettingValues values)
    {
        if (values.Choice<LoadModel>("load.model") != LoadModel.Open) return null;
        string[] named = values.Find("load.stages") is { Length: > 0 }
            ? [.. values.List("load.stages").Select(text => LoadStageText.Parse(text).Offered.Sweep).OfType<string>().Distinct()]
            : OfferedRate.TryParse(values.Find("load.rate"), out var rate) && rate.Sweep is { } sweep ? [sweep] : [];
        return named.Length <= 1 ? named.FirstOrDefault() : throw new FormatException($"load.stages are shares of {string.Join(" and ", named)}: one schedule is measured by one sweep; name the same in each stage.");
    }

    /// <summary>A point whose result is a table of findings: it asks the system what it does, or <see cref="CrossChecks"/>.</summary>
    public static bool HasProbes(this SettingValues values) => values.Flag("probes") || values.CrossChecks();

    /// <summary>A point that measures by two instruments and compares them.</summary>
    public static bool CrossChecks(this SettingValues values) => values.Integer("crossCheck.rounds") > 0;

    /// <summary>A point that measures deliveries.</summary>
    public static bool SendsMail(this SettingValues values) => !values.HasUsers() && !values.HasProbes();

    /// <summary>A point that keeps the system saturated: what it delivers is what some resource allows.</summary>
    public static bool IsSaturated(this SettingValues values) => values.SendsMail() && values.Choice<LoadModel>("load.model") == LoadModel.Backlog;

    /// <summary>A point whose trials are the tries of a search for the sustainable rate; <c>load.rate</c> is then the most that it may try.</summary>
    public static bool FindsSustainable(this SettingValues values) => values.Find("load.find") == "sustainable";

    /// <summary>CPU that source and sink waste, as a share of what they use; 0: none.</summary>
    public static double Burden(this SettingValues values) => values.Find("testbed.burden") is null ? 0 : values.Share("testbed.burden");

    /// <summary>The point is about users who poll, and relays no mail.</summary>
    public static bool HasUsers(this SettingValues values) => values.Find("users.count") is not null;

    /// <param name="values">A point's settings that <see cref="HasUsers"/>.</param>
    /// <param name="server">Where the users poll.</param>
    public static PollOptions ToPolls(this SettingValues values, IPEndPoint server) => new()
    {
        Server = server,
        Protocol = values.Choice<PollProtocol>("users.protocol"),
        Users = values.Integer("users.count"),
        Interval = values.Span("users.interval"),
        Action = values.Choice<PollAction>("users.action"),
        Phase = values.Choice<PollPhase>("users.phase"),
        Pipelining = values.Flag("users.pipelining"),
        Seed = values.Integer("seed"),
        ThinkTime = values.Span("users.thinkTime"),
        Within = values.Span("users.within"),
        MaxSessions = values.Find("users.sessions") is null ? 0 : values.Integer("users.sessions"),
        DrainTimeout = values.Span("phases.drain"),
    };

    /// <summary>The most sessions that users may hold at once.</summary>
    public static int UserSessions(this SettingValues values) =>
        values.Find("users.sessions") is null ? values.Integer("users.count") : Math.Min(values.Integer("users.sessions"), values.Integer("users.count"));

    /// <summary>The mail that arrives for users meanwhile, each user in turn; null: none.</summary>
    /// <param name="values">A point's settings that <see cref="HasUsers"/>.</param>
    /// <param name="server">Where it is delivered.</param>
    /// <param name="users">How many of the users poll, and get mail.</param>
    public static SourceOptions? ToUsersMail(this SettingValues values, IPEndPoint server, int users)
    {
        var perPoll = values.Number("users.mailPerPoll");
        if (perPoll <= 0) return null;
        return new SourceOptions
        {
            To = server,
            Load = new LoadOptions
            {
                Model = LoadModel.Open,
                Stages = [new LoadStage(LoadStageKind.Inject, new Rate(users * perPoll / values.Span("users.interval").TotalSeconds), 0, TimeSpan.Zero)],
                Sessions = values.Integer("load.sessions"),
            },
            Workload = values.ToWorkload() with { Users = users, Recipients = 1 },
            DrainTimeout = values.Span("phases.drain"),
        };
    }

    public static PhaseSettings ToPhases(this SettingValues values) =>
        new(values.Span("phases.warmUp"), values.Span("phases.steady"), values.Span("phases.drain"));

    private static RetrySettings Retry(SettingValues values)
    {
        var retry = new RetrySettings { First = values.Span("mta.retry.first"), Max = values.Span("mta.retry.max"), Lifetime = values.Span("mta.retry.lifetime") };
        return retry.First <= retry.Max
            ? retry
            : throw new FormatException($"mta.retry.first {Duration.Format(retry.First)} is above mta.retry.max {Duration.Format(retry.Max)}, the longest wait; shorten the one or raise the other.");
    }

    private static IReadOnlyList<LoadStage> Stages(SettingValues values, LoadModel model, Rate? whole)
    {
        if (values.Find("load.stages") is { Length: > 0 })
        {
            LoadStage[] stages = [.. values.List("load.stages").Select(text => LoadStageText.Parse(text).At(whole))];
            var wrong = Array.Find(stages, stage => stage.Kind != LoadStageKind.Pause && (stage.Kind is LoadStageKind.KeepConstant or LoadStageKind.RampingConstant) != (model == LoadModel.Closed));
            return wrong is null
                ? stages
                : throw new FormatException($"load.stages: {char.ToLowerInvariant(wrong.Kind.ToString()[0])}{wrong.Kind.ToString()[1..]} does not fit load.model {Kebab.Format(model)}; open takes inject, rampingInject, injectRandom and pause, closed keepConstant, rampingConstant and pause.");
        }

        if (model == LoadModel.Closed) return [new LoadStage(LoadStageKind.KeepConstant, default, values.Integer("load.users"), TimeSpan.Zero)];
        if (values.Find("load.rate") is not { } text || !OfferedRate.TryParse(text, out var rate))
            throw new FormatException("load.model open needs a load.rate (200/s, or 70% of NAME) or load.stages.");
        var kind = values.Find("load.arrivals") == "random" ? LoadStageKind.InjectRandom : LoadStageKind.Inject;
        return [new LoadStage(kind, rate.Of(whole), 0, TimeSpan.Zero)];
    }
}
