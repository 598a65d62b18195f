using System.Globalization;
using System.Net;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;

namespace MailBench.Runs.Testbed;

/// <summary>MailBench's own mailbox server as the system under test, on a store of its own.</summary>
internal sealed class OwnMailbox : ISystemUnderTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly NodeProcess _process;

    private OwnMailbox(NodeProcess process, IReadOnlyDictionary<string, string> features, ClientTls usersTls) => (_process, Features, UsersTls) = (process, features, usersTls);

    public string Role => "mailbox";

    /// <summary>Where mail arrives; users come to the address that it was started with.</summary>
    public IPEndPoint Door => _process.Listeners.First(static listener => listener.Role == "smtp").EndPoint;

    public IReadOnlyDictionary<string, string> Features { get; }

    /// <summary>Its certificate is made for this start; users expect that one and no other.</summary>
    public ClientTls UsersTls { get; }

    public Task<RoleFailure> Failed => _process.Failed;

    public bool CountedNotBooked => true;

    public static async Task<OwnMailbox> StartAsync(
        NodeProgram program, SettingValues settings, IPEndPoint listen, IPEndPoint mail, string store, RoleLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        // A session that closes through a full line stays for a while beside the user's next one.
        var users = settings.Integer("users.count");
        string[] arguments =
        [
            settings.Text("users.protocol") == "imap" ? "--imap" : "--pop3", listen.ToString(), "--smtp", mail.ToString(), "--store", store, "--users", users.ToString(CultureInfo.InvariantCulture),
            "--max-sessions", (2 * settings.UserSessions() + 100).ToString(CultureInfo.InvariantCulture), "--suffix", settings.Text("dns.suffix"),
        ];
        new MailboxFill(store, settings).Write(cancellationToken);
        var mode = settings.Choice<TlsMode>("users.tls");
        if (mode == TlsMode.None) return new OwnMailbox(await NodeAsync(arguments), FeaturesOf(settings), new ClientTls());

        var (pem, file) = (SelfSignedCertificate.Create($"mail.{settings.Text("dns.suffix")}", time.GetUtcNow()), $"{store}.pem");
        try
        {
            WritePrivate(file, pem.Certificate + pem.Key);
            return new OwnMailbox(await NodeAsync([.. arguments, "--tls", Kebab.Format(mode), "--certificate", file]), FeaturesOf(settings), new ClientTls { Mode = mode, Trusted = pem.Certificate });
        }
        finally
        {
            // It is in the server's memory; nobody else is to have the key.
            File.Delete(file);
        }

        Task<NodeProcess> NodeAsync(IReadOnlyList<string> all) => NodeProcess.StartAsync(program, "mailbox", all, 2, log, null, time, cancellationToken);
    }

    private static void WritePrivate(string file, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var writer = new StreamWriter(file, options);
        writer.Write(text);
    }

    public static IReadOnlyDictionary<string, string> FeaturesOf(SettingValues settings) => new Dictionary<string, string>
    {
        ["system"] = "MailBench mailbox server",
        ["durability"] = "synced",
        ["durabilityHow"] = "a sync of each message's file and one of its directory, before the 250; removals are not synced",
        ["mailboxFormat"] = "maildir",
        ["protocol"] = settings.Text("users.protocol"),
        ["auth"] = settings.Text("users.protocol") == "imap" ? "LOGIN" : "USER and PASS",
        ["tls"] = settings.Text("users.tls"),
        ["pipelining"] = settings.Text("users.pipelining"),
        ["concurrency"] = "one process, all sessions on one loop, 16 threads for the disk",
        ["index"] = "unique ids beside the mail; listings in memory",
        ["delivery"] = settings.Text("users.delivery") == "mta" ? "SMTP from the MTA core" : "SMTP",
    };

    public async Task BeginTrialAsync(TrialId trial, string eventsPath, CancellationToken cancellationToken) =>
        await _process.AskAsync(new BeginTrialCommand(trial, null), Patience, cancellationToken);

    public Task<IReadOnlyDictionary<string, double>> SnapshotAsync(CancellationToken cancellationToken) => Snapshots.OfAsync(_process, cancellationToken);

    public Task WriteBooksAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task EndTrialAsync(CancellationToken cancellationToken) => await _process.AskAsync(new EndTrialCommand(), Patience, cancellationToken);

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
