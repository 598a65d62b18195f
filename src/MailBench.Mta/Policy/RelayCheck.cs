using System.Net;
using MailBench.Model.Nodes;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Policy;

/// <summary>
/// No relay for strangers: only clients of the named networks may send through this MTA, and those who have lately proved elsewhere who they are (POP-before-SMTP). With neither, nobody may.
/// </summary>
internal sealed class RelayCheck(IReadOnlyList<IPNetwork> relayFrom, RelayGrants? grants = null) : RecipientCheck
{
    private readonly IPNetwork[] _relayFrom = [.. relayFrom];

    private static readonly SmtpReply Denied = SmtpReply.Of(550, "5.7.1", "Relaying denied");

    public override SmtpReply? Refuses(in RecipientQuery query) => Allows(query.Client) ? null : Denied;

    private bool Allows(IPAddress client)
    {
        // A dual-stack listener shows IPv4 clients as ::ffff:a.b.c.d, and operators write a.b.c.d/n.
        client = ClientAddress.Plain(client);
        foreach (var network in _relayFrom)
            if (network.Contains(client)) return true;
        return grants?.IsOpen(client) ?? false;
    }
}
