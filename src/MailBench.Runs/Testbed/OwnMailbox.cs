using System.Globalization;
using System.Net;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Profiles;
using MailBench.Model.Records;

namespace MailBench.Runs.Testbed;

/// <summary>MailBench's own mailbox server as the system under test, on a store of its own that goes with it.</summary>
internal sealed class OwnMailbox : ISystemUnderTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly NodeProcess _process;
    private readonly string _store;

    private OwnMailbox(NodeProcess process, string store, IReadOnlyDictionary<string, string> features) => (_process, _store, Features) = (process, store, features);

    public string Role => "mailbox";

    /// <summary>Where mail arrives; users come to the address that it was started with.</summary>
    public IPEndPoint Door => _process.Listeners.First(static listener => listener.Role == "smtp").EndPoint;

    public IReadOnlyDictionary<string, string> Features { get; }

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
        new MailboxFill(store, settings).Write();
        return new OwnMailbox(await NodeProcess.StartAsync(program, "mailbox", arguments, 2, log, null, time, cancellationToken), store, FeaturesOf(settings));
    }

    public static IReadOnlyDictionary<string, string> FeaturesOf(SettingValues settings) => new Dictionary<string, string>
    {
        ["system"] = "MailBench mailbox server",
        ["durability"] = "synced",
        ["durabilityHow"] = "a sync of each message's file and one of its directory, before the 250; removals are not synced",
        ["mailboxFormat"] = "maildir",
        ["protocol"] = settings.Text("users.protocol"),
        ["auth"] = settings.Text("users.protocol") == "imap" ? "LOGIN" : "USER and PASS",
        ["tls"] = "none",
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

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        try
        {
            if (Directory.Exists(_store)) Directory.Delete(_store, recursive: true);
        }
        catch (IOException)
        {
            // A killed process may still hold a file for a moment; the run's end removes the whole work folder.
        }
    }
}
