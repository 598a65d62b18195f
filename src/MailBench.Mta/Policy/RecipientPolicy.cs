using System.Net;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Policy;

/// <summary>A recipient as RCPT names it, with what is known of the session that asks. Paths without angle brackets.</summary>
internal readonly ref struct RecipientQuery
{
    public required IPAddress Client { get; init; }

    /// <summary>Empty: the null reverse-path.</summary>
    public required ReadOnlySpan<byte> ReversePath { get; init; }
    public required ReadOnlySpan<byte> Recipient { get; init; }
}

/// <summary>One question that is asked of each recipient. Access map, DNSBL and AUTH join as further ones.</summary>
internal abstract class RecipientCheck
{
    /// <summary>The refusal, or null: no objection.</summary>
    public abstract SmtpReply? Refuses(in RecipientQuery query);
}

/// <summary>The checks in the order in which they are asked; the first that objects decides.</summary>
internal sealed class RecipientPolicy(params RecipientCheck[] checks)
{
    /// <summary>The policy of an MTA without local mailboxes: well-formed addresses, from clients that may relay.</summary>
    public static RecipientPolicy Of(IReadOnlyList<IPNetwork> relayFrom, RelayGrants? grants = null) => new(new AddressCheck(), new RelayCheck(relayFrom, grants));

    public SmtpReply? Refuses(in RecipientQuery query)
    {
        foreach (var check in checks)
            if (check.Refuses(query) is { } refusal) return refusal;
        return null;
    }
}
