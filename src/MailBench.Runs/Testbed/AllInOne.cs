using System.Net;
using MailBench.Model.Events;
using MailBench.Model.Options;
using MailBench.Model.Records;

namespace MailBench.Runs.Testbed;

/// <summary>The own MTA core and the mailbox server on one machine as one system: mail comes in at the MTA and is relayed to the mailboxes, while their users poll.</summary>
internal sealed class AllInOne(OwnCore core, OwnMailbox mailbox) : ISystemUnderTest
{
    public string Role => mailbox.Role;

    public IPEndPoint Door => core.Door;

    /// <summary>The mailbox server's, and what of the MTA decides how mail arrives.</summary>
    public IReadOnlyDictionary<string, string> Features { get; } = new Dictionary<string, string>(mailbox.Features)
    {
        ["system"] = "MailBench all in one",
        ["mta"] = $"{core.Features["durability"]}, {core.Features["queueBackend"]}, {core.Features["concurrency"]}",
    };

    public Task<RoleFailure> Failed { get; } = Task.WhenAny(core.Failed, mailbox.Failed).Unwrap();

    public ClientTls UsersTls => mailbox.UsersTls;

    public bool CountedNotBooked => true;

    public async Task BeginTrialAsync(TrialId trial, string eventsPath, CancellationToken cancellationToken)
    {
        await core.BeginTrialAsync(trial, eventsPath, cancellationToken);
        await mailbox.BeginTrialAsync(trial, eventsPath, cancellationToken);
    }

    public Task<IReadOnlyDictionary<string, double>> SnapshotAsync(CancellationToken cancellationToken) => mailbox.SnapshotAsync(cancellationToken);

    public IEnumerable<(string Role, Task<IReadOnlyDictionary<string, double>> Counters)> Snapshots(CancellationToken cancellationToken) =>
        [(((ISystemUnderTest)core).Role, core.SnapshotAsync(cancellationToken)), (mailbox.Role, mailbox.SnapshotAsync(cancellationToken))];

    public Task WriteBooksAsync(CancellationToken cancellationToken) => core.WriteBooksAsync(cancellationToken);

    public async Task EndTrialAsync(CancellationToken cancellationToken)
    {
        await core.EndTrialAsync(cancellationToken);
        await mailbox.EndTrialAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await core.DisposeAsync();
        await mailbox.DisposeAsync();
    }
}
