using System.Net;
using MailBench.Mta.Delivery;
using MailBench.Mta.Queue;

namespace MailBench.Mta.Notification;

/// <summary>Why a recipient was given up, as its DSN says it.</summary>
/// <param name="Recipient">Index into <see cref="QueueEntry.Recipients"/>.</param>
/// <param name="Status">RFC 3463: of class 5 when it was refused, of class 4 when a temporary trouble lasted until the recipient's time was over.</param>
/// <param name="Host">The MX host that refused or was tried last; null when it came to none.</param>
/// <param name="Diagnostic">The reply as it was given, one line; null when no server said anything.</param>
/// <param name="Reason">A sentence for people.</param>
internal sealed record RecipientFailure(int Recipient, string Status, string? Host, IPAddress? Address, string? Diagnostic, string Reason, DateTimeOffset At)
{
    /// <summary>X.4.7: delivery time expired; of class 4, since sending it again may succeed (RFC 3463 §2).</summary>
    private const string ExpiredStatus = "4.4.7";

    /// <summary>A refusal that further attempts would not change.</summary>
    public static RecipientFailure Refused(in DeliveryOutcome outcome, DateTimeOffset at) =>
        new(outcome.Recipient, outcome.Status, outcome.Host, outcome.Address, outcome.Reply?.ToString(), outcome.Reason, at);

    /// <summary>Deferred until the lifetime was over. The code of the last attempt says more than the expiry's own (RFC 3463 §3.5, X.4.7).</summary>
    public static RecipientFailure Expired(in DeliveryOutcome outcome, int attempts, DateTimeOffset at) =>
        new(outcome.Recipient, outcome.Status.StartsWith('4') ? outcome.Status : ExpiredStatus, outcome.Host, outcome.Address, outcome.Reply?.ToString(),
            $"Given up after {attempts} {(attempts == 1 ? "attempt" : "attempts")}, since the time for delivery is over. The last time: {outcome.Reason}", at);
}
