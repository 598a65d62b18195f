using System.Net;
using MailBench.Model.Events;
using MailBench.Model.Options;
using MailBench.Model.Records;

namespace MailBench.Runs.Testbed;

/// <summary>
/// What is measured, as the runner sees it: fresh for every repetition. The load never sees more of it than an address, so that any MTA can stand in its place.
/// </summary>
internal interface ISystemUnderTest : IAsyncDisposable
{
    /// <summary>What its counters and events are filed under.</summary>
    string Role => "mta";

    /// <summary>Where it takes mail, or users.</summary>
    IPEndPoint Door { get; }

    /// <summary>Where its users come when that is not where the testbed asked it to listen (<see cref="Bench.MailboxSide"/>); null: there.</summary>
    IPEndPoint? UsersDoor => null;

    /// <summary>How its users come: in the clear, or by TLS and whom they expect then.</summary>
    ClientTls UsersTls => new();

    /// <summary>Mail for its users comes over LMTP.</summary>
    bool TakesLmtp => false;

    /// <summary>Feature vector, axis → value.</summary>
    IReadOnlyDictionary<string, string> Features { get; }

    /// <summary>Ends with the reason when it ends unasked.</summary>
    Task<RoleFailure> Failed { get; }

    /// <summary>A black box whose queue or IDs cannot be seen.</summary>
    bool CountedNotBooked { get; }

    /// <summary>The end of its own log, where it keeps one that nobody else reads.</summary>
    IReadOnlyList<string> LastWords => [];

    Task BeginTrialAsync(TrialId trial, string eventsPath, CancellationToken cancellationToken);

    /// <summary>Cumulative counters, names as in <see cref="Model.Nodes.CounterNames"/>; a black box gives what its process shows.</summary>
    Task<IReadOnlyDictionary<string, double>> SnapshotAsync(CancellationToken cancellationToken);

    /// <summary>The same by role, for a system of more than one process.</summary>
    IEnumerable<(string Role, Task<IReadOnlyDictionary<string, double>> Counters)> Snapshots(CancellationToken cancellationToken) => [(Role, SnapshotAsync(cancellationToken))];

    /// <summary>Writes what is left in the queue into the trial's events.</summary>
    Task WriteBooksAsync(CancellationToken cancellationToken);

    Task EndTrialAsync(CancellationToken cancellationToken);
}
