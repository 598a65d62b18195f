using MailBench.Model.Records;
using MailBench.Runs.Testbed;

namespace MailBench.Runs.Probes;

/// <summary>
/// Mail that fails: for good at once, for now until its time is over, and a bounce that fails itself. Begun early, since what expires takes its time, and read at the end.
/// </summary>
internal sealed class BounceProbes(ISystemUnderTest sut, ProbeBed bed, FeatureClaims claims)
{
    public const string Refused = "refusedfor", Later = "laterfor", Silent = "refusedtwice";
    /// <summary>Recipients without the zone's suffix: at a host that refuses connections, and in a domain that is not there.</summary>
    public const string Closed = "knocking@g", Nowhere = "asking@nowhere";
    private const string OfRefusal = "bounce of a 5xx", OfExpiry = "bounce of an expired 4xx";
    private static readonly TimeSpan RefusalPatience = TimeSpan.FromSeconds(15), ExpiryPatience = TimeSpan.FromSeconds(30);

    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        await SendAsync(bed.Sender, $"{Later}@a", cancellationToken);
        await SendAsync(bed.Sender, $"{Refused}@a", cancellationToken);
        await SendAsync("", $"{Silent}@a", cancellationToken);
        await SendAsync(bed.Sender, Closed, cancellationToken);
        await SendAsync(bed.Sender, Nowhere, cancellationToken);
    }

    public async Task<IReadOnlyList<ProbeFinding>> EndAsync(CancellationToken cancellationToken)
    {
        var findings = new List<ProbeFinding>();
        findings.AddRange(await InspectAsync(OfRefusal, Refused, '5', "no such user here", RefusalPatience, cancellationToken));
        findings.AddRange(await InspectAsync(OfExpiry, Later, '4', "not now", ExpiryPatience, cancellationToken));
        var came = NotificationOf(Refused) is not null;
        findings.Add(came ? claims.Against("dsn", "is the sender told of a failure?", "told", declared => declared == "on failure") : claims.Against("dsn", "is the sender told of a failure?", "not told", declared => declared == "none"));
        var second = bed.Peer.Transactions.Any(t => t.Host == ProbeBed.ReturnAddress && t.Content.Contains(Silent, StringComparison.Ordinal));
        findings.Add(DoorProbes.Standard(OfRefusal, "a failed message with null reverse-path", "no notification", "RFC 5321 §6.1", second ? "a notification was sent to the source" : "none came", !second));
        return findings;
    }

    private async Task<IReadOnlyList<ProbeFinding>> InspectAsync(string group, string local, char statusClass, string hostWords, TimeSpan patience, CancellationToken cancellationToken)
    {
        var recipient = $"{local}@a.{bed.Suffix}";
        await bed.UntilAsync(() => NotificationOf(local) is not null, patience, cancellationToken);
        // What comes instead when mail is given up (OpenSMTPD says "delayed" and has thrown it away) is inspected, too: its Action differs then.
        return (NotificationOf(local) ?? NotificationOf(local, delayed: true)) is { } dsn
            ? DsnInspection.Inspect(group, dsn.ReversePath, dsn.Content, recipient, statusClass, hostWords)
            : [new ProbeFinding(group, "a notification", "multipart/report", "RFC 5321 §4.5.5", $"none came within {patience.TotalSeconds:0} s; {(statusClass == '4' ? "a system's queue lifetime must be set to seconds for this" : "the message failed silently")}", statusClass == '4' ? ProbeFinding.NotShown : ProbeFinding.Differs)];
    }

    private PeerTransaction? NotificationOf(string local, bool delayed = false) =>
        bed.Peer.Transactions.FirstOrDefault(t => t.Host == ProbeBed.ReturnAddress && t.Content.Contains($"{local}@a.", StringComparison.Ordinal) && t.Content.Contains("delivery-status", StringComparison.OrdinalIgnoreCase) && IsDelay(t) == delayed);

    /// <summary>A warning that delivery is delayed is none of failure.</summary>
    private static bool IsDelay(PeerTransaction dsn) => dsn.Content.Contains("Action: delayed", StringComparison.OrdinalIgnoreCase);

    private async Task SendAsync(string sender, string recipient, CancellationToken cancellationToken)
    {
        var (dialogue, _) = await DoorDialogue.OpenAsync(sut.Door, cancellationToken);
        using var closing = dialogue;
        await dialogue.SayAsync("EHLO probe.invalid", cancellationToken);
        await dialogue.SendAsync(sender, [$"{recipient}.{bed.Suffix}"], $"From: {bed.Sender}\r\nSubject: {recipient}\r\n\r\nprobe", "", cancellationToken);
    }
}
