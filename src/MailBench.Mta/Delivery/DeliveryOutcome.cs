using System.Net;
using MailBench.Mta.Queue;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Delivery;

/// <summary>What an attempt made of a recipient.</summary>
public enum OutcomeKind { Delivered, Deferred, Failed }

/// <summary>
/// The result of one attempt for one recipient. It changes nothing in the queue: who hears it sets the state, records it and plans the retry.
/// A value without strings of its own, so that a delivery costs no allocation; <see cref="Reason"/> is composed when asked for.
/// </summary>
public readonly record struct DeliveryOutcome
{
    public required QueueEntry Entry { get; init; }

    /// <summary>Index into <see cref="QueueEntry.Recipients"/>.</summary>
    public required int Recipient { get; init; }
    public required OutcomeKind Kind { get; init; }

    /// <summary>The reply that decided; null when none came (no route, no connection, connection lost).</summary>
    public SmtpReply? Reply { get; init; }

    /// <summary>What was answered or attempted, for example <c>end of data</c> or <c>RCPT</c>; null when there was no dialogue.</summary>
    public string? Step { get; init; }

    /// <summary>What went wrong where no reply says it; a clause without host and full stop.</summary>
    public string? Detail { get; init; }

    /// <summary>The MX host; null when there was no route.</summary>
    public string? Host { get; init; }

    /// <summary>The address that was spoken to, or dialled last.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>When the recipient was given to delivery, in ns of the loop's clock.</summary>
    public long QueuedNs { get; init; }

    /// <summary>From then until this outcome.</summary>
    public long DelayNs { get; init; }

    /// <summary>The content had been sent whole and the final reply was lost: it may have been delivered all the same.</summary>
    public bool Uncertain { get; init; }

    /// <summary>The site is to blame, not the message: no host of it was to be found, reached or kept.</summary>
    public bool Unreachable { get; init; }

    /// <summary>RFC 3463 status where no reply carries one of the outcome's class; see <see cref="Status"/>.</summary>
    public string? OwnStatus { get; init; }

    /// <summary>
    /// The RFC 3463 status for DSN and log, never null: the reply's, else ours, else <c>x.0.0</c>. Always of the outcome's class: a host whose greeting
    /// refuses for good is one that we defer for.
    /// </summary>
    public string Status
    {
        get
        {
            var kind = Kind switch { OutcomeKind.Delivered => '2', OutcomeKind.Deferred => '4', _ => '5' };
            if (Reply?.Enhanced is { } said && said[0] == kind) return said;
            return OwnStatus is { } own && own[0] == kind ? own : $"{kind}.0.0";
        }
    }

    /// <summary>One sentence: who said or did what, with host, address and reply.</summary>
    public string Reason
    {
        get
        {
            var where = Host is null ? null : Address is null ? Host : $"{Host}[{Address}]";
            if (Reply is not null)
            {
                var said = $"{where} said to {Step ?? "the session"}: {Reply}";
                return Detail is null ? said : $"{said} ({Detail})";
            }

            var what = Step is null ? Detail : $"{Detail} (at {Step})";
            return where is null ? $"{what}." : $"{where}: {what}.";
        }
    }
}

/// <summary>Hears each outcome, on the loop. It must not call back into the stage's Stop; Add is allowed.</summary>
public delegate void OutcomeHandler(in DeliveryOutcome outcome);
