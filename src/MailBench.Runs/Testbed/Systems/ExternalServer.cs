using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>
/// A server at a host and port that somebody else runs: a black box. Its deliveries are booked at the sinks, but not what it still holds, so that its books are counted and not closed, and its CPU and writes
/// are not seen. Users poll it through the line as <c>userN</c> with their names as passwords. Whoever runs it sends its mail to the testbed's MX hosts (<c>testbed.smtpPort</c>), by the responder (<c>testbed.dnsPort</c>) or by a smart host.
/// </summary>
internal sealed class ExternalServer : ISystemUnderTest
{
    /// <summary>Nobody says when it fails: the source's refusals and the sinks' silence show it.</summary>
    private static readonly Task<RoleFailure> NeverKnown = new TaskCompletionSource<RoleFailure>().Task;

    private ExternalServer(MailSystem system, string role, IPEndPoint door) => (Role, Door, Features) = (role, door, FeaturesOf(system));

    public string Role { get; }

    public IPEndPoint Door { get; }

    public IPEndPoint? UsersDoor => Door;

    public IReadOnlyDictionary<string, string> Features { get; }

    public Task<RoleFailure> Failed => NeverKnown;

    public bool CountedNotBooked => true;

    /// <summary>Nothing is known of it but where it is; every axis that is not stated keeps it from being ranked.</summary>
    public static IReadOnlyDictionary<string, string> FeaturesOf(MailSystem system) => new Dictionary<string, string> { ["sut"] = $"external server {system.Name}", ["strategy"] = "unknown" };

    /// <summary>Finds its address and connects once, as the role that it plays (<c>mta</c>, <c>mailbox</c>). Throws <see cref="RoleFailedException"/>.</summary>
    public static async Task<ExternalServer> ReachAsync(MailSystem system, string role, CancellationToken cancellationToken)
    {
        var colon = system.At!.LastIndexOf(':');
        var host = system.At[..colon].Trim('[', ']');
        if (!int.TryParse(system.At.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is 0 or > IPEndPoint.MaxPort)
            throw new RoleFailedException(new RoleFailure(system.Name, $"{system.At}: there is no such port", []));
        try
        {
            var address = IPAddress.TryParse(host, out var literal) ? literal : (await Dns.GetHostAddressesAsync(host, cancellationToken))[0];
            using var probe = new TcpClient(address.AddressFamily);
            await probe.ConnectAsync(address, port, cancellationToken);
            return new ExternalServer(system, role, new IPEndPoint(address, port));
        }
        catch (SocketException refused)
        {
            throw new RoleFailedException(new RoleFailure(system.Name, $"cannot be reached at {system.At}: {refused.Message}", []));
        }
    }

    public Task BeginTrialAsync(TrialId trial, string eventsPath, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<IReadOnlyDictionary<string, double>> SnapshotAsync(CancellationToken cancellationToken) =>
        // What it still holds cannot be seen, so the whole time of the drain is waited for.
        Task.FromResult<IReadOnlyDictionary<string, double>>(new Dictionary<string, double> { [CounterNames.MonotonicNs] = MonotonicClock.NowNs, [CounterNames.Queued] = 1 });

    public Task WriteBooksAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task EndTrialAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
