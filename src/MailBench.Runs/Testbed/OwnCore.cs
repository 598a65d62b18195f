using System.Globalization;
using System.Net;
using System.Text;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;

namespace MailBench.Runs.Testbed;

/// <summary>Where a SUT finds the rest of the testbed.</summary>
internal sealed record SutPlace(string QueueRoot, IPEndPoint Dns, int SmtpPort, string ConfigPath, string AttemptLogPath)
{
    /// <summary>A command that runs the SUT's own program under observation; empty in every run that measures.</summary>
    public IReadOnlyList<string> Tracer { get; init; } = [];
}

/// <summary>MailBench's own MTA core as the system under test, on queue directories of its own.</summary>
internal sealed class OwnCore : ISystemUnderTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly NodeProcess _process;

    private OwnCore(NodeProcess process, IReadOnlyDictionary<string, string> features)
    {
        (_process, Features) = (process, features);
        Door = process.Listeners[0].EndPoint;
    }

    public IPEndPoint Door { get; }

    public IReadOnlyDictionary<string, string> Features { get; }

    public Task<RoleFailure> Failed => _process.Failed;

    public bool CountedNotBooked => false;

    public static async Task<OwnCore> StartAsync(NodeProgram program, SettingValues settings, SutPlace place, RoleLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        var queues = Enumerable.Range(0, settings.Integer("mta.queueDirectories")).Select(i => Path.Combine(place.QueueRoot, $"q{i}")).ToArray();
        foreach (var queue in queues) Directory.CreateDirectory(queue);
        await File.WriteAllTextAsync(place.ConfigPath, ProfileText.WriteSection(settings, "mta"), Encoding.UTF8, cancellationToken);
        string[] arguments =
        [
            "--listen", "127.0.0.1:0", "--queue", string.Join(',', queues), "--dns", place.Dns.ToString(), "--smtp-port", place.SmtpPort.ToString(CultureInfo.InvariantCulture),
            "--relay-from", "127.0.0.0/8", "--hostname", $"sut.{settings.Text("dns.suffix")}", "--config", place.ConfigPath,
            "--attempt-log", place.AttemptLogPath,
        ];
        if (place.Tracer.Count > 0) program = new NodeProgram(place.Tracer[0], [.. place.Tracer.Skip(1), program.Path, .. program.Prefix]);
        return new OwnCore(await NodeProcess.StartAsync(program, "mta", arguments, 1, log, null, time, cancellationToken), FeaturesOf(settings));
    }

    public async Task BeginTrialAsync(TrialId trial, string eventsPath, CancellationToken cancellationToken) =>
        await _process.AskAsync(new BeginTrialCommand(trial, eventsPath), Patience, cancellationToken);

    public Task<IReadOnlyDictionary<string, double>> SnapshotAsync(CancellationToken cancellationToken) => Snapshots.OfAsync(_process, cancellationToken);

    public async Task WriteBooksAsync(CancellationToken cancellationToken) => await _process.AskAsync(new BooksCommand(), Patience, cancellationToken);

    public async Task EndTrialAsync(CancellationToken cancellationToken) => await _process.AskAsync(new EndTrialCommand(), Patience, cancellationToken);

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    /// <summary>The axes of the method's feature vector. What the core cannot do yet is said as <c>none</c>, not left out.</summary>
    public static IReadOnlyDictionary<string, string> FeaturesOf(SettingValues settings)
    {
        var mta = settings.ToMtaSettings();
        var withheld = settings.List("sink.withhold");
        return new Dictionary<string, string>
        {
            ["sut"] = "mailbench mta",
            ["durability"] = Kebab.Format(mta.Durability),
            ["durabilityHow"] = (mta.Durability, mta.QueueBackend) switch
            {
                (Durability.None, _) => "the 250 once the message is in memory; written afterwards, never synced",
                (Durability.Os, QueueBackend.Files) => "a file per message, written and renamed before the 250; never synced",
                (Durability.Os, _) => "a write per group of messages, before the 250; never synced",
                (_, QueueBackend.Files) => "a sync of each message's file and one of its directory, before the 250",
                _ => "a sync per group of messages, before the 250",
            },
            ["queueBackend"] = Kebab.Format(mta.QueueBackend),
            ["queueDirectories"] = mta.QueueDirectories.ToString(CultureInfo.InvariantCulture),
            ["strategy"] = Kebab.Format(mta.Strategy),
            ["reuse"] = mta.Reuse == SessionReuse.None ? Kebab.Format(mta.Reuse) : $"{Kebab.Format(mta.Reuse)}, {mta.TransactionsPerSession} transactions or {Duration.Format(mta.SessionAge)}",
            ["concurrency"] = $"{mta.SessionsPerSite} per site, {mta.SessionsOut} in all",
            ["recipientsPerTransaction"] = mta.RecipientsPerTransaction.ToString(CultureInfo.InvariantCulture),
            ["pipelining"] = !mta.Pipelining ? "off" : !Offered("pipelining") ? "not offered by the sink" : "on",
            ["overlap"] = mta.Overlap && mta.Pipelining && Offered("pipelining") && mta.Reuse != SessionReuse.None ? "on" : "off",
            ["chunking"] = !mta.Chunking ? "off" : Offered("chunking") ? "on" : "not offered by the sink",
            ["systemCalls"] = mta.CallsTogether ? "together where the system has io_uring" : "one by one",
            ["limits"] = Offered("limits") ? settings.List("sink.limits") is { Count: > 0 } limits ? $"kept: {string.Join(' ', limits)}" : "kept; the sink announces no narrow one" : "not offered by the sink",
            ["tls"] = "none",
            ["auth"] = "none",
            ["dkimSpfDmarc"] = "none",
            ["dnsbl"] = "none",
            ["accessMap"] = "none",
            ["contentConversion"] = mta.ContentConversion switch
            {
                ContentConversion.Pass => "none: 8-bit content goes as it is",
                ContentConversion.Bounce => "none: 8-bit content fails at a host without 8BITMIME",
                _ => Offered("eight-bit-mime") ? "8-bit content at a host without 8BITMIME; the sink offers 8BITMIME" : "8-bit content to quoted-printable or base64; the sink withholds 8BITMIME",
            },
            ["attachmentPolicy"] = "none",
            ["dsn"] = "on failure",
            ["attemptLog"] = Kebab.Format(mta.AttemptLog),
            ["routing"] = "mx",
            ["ldap"] = "none",
            ["mailboxFormat"] = "none",
            ["cachingResolver"] = "TTL cache inside the MTA",
        };

        bool Offered(string extension) => !withheld.Contains(extension);
    }
}
