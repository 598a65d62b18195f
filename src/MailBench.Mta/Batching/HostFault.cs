using System.Net;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Batching;

/// <summary>Why a host could not be used: what is told of each recipient that it was the last hope of.</summary>
/// <param name="Detail">A clause without host and full stop, for example <c>connection refused</c>; null when the reply says all.</param>
/// <param name="Reply">The greeting, or the 421, that refused; null when there was none.</param>
/// <param name="Status">RFC 3463, for example <c>4.4.1</c>, for when the reply carries none.</param>
/// <param name="Step">What was being done.</param>
public sealed record HostFault(string Host, IPAddress? Address, string? Detail, SmtpReply? Reply, string Status, string? Step)
{
    private string? _remembered;

    /// <summary>The detail for a recipient for which the host was not tried, since this is remembered of it.</summary>
    public string RememberedDetail => _remembered ??= Detail is null ? "a moment ago, so not tried again yet" : $"{Detail} a moment ago, so not tried again yet";
}

/// <summary>A recipient that no host was left for: to be deferred.</summary>
/// <param name="Remembered">No host was tried for it: the fault is what is remembered of one.</param>
public readonly record struct ExhaustedRecipient(Queue.QueueEntry Entry, int Recipient, long QueuedNs, HostFault Fault, bool Remembered);
