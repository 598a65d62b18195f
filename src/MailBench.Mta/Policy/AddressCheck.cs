using MailBench.Wire.Smtp;

namespace MailBench.Mta.Policy;

/// <summary>
/// A recipient must be a mailbox with a domain (RFC 5321 §4.1.2). <c>postmaster</c> alone is the one address that may come without (§4.5.1), but it would be a local
/// mailbox, and this MTA has none.
/// </summary>
internal sealed class AddressCheck : RecipientCheck
{
    private static readonly SmtpReply NoPostmaster =
        SmtpReply.Of(550, "5.1.1", "postmaster has no mailbox here: this MTA only relays; write to postmaster at a domain");
    private static readonly SmtpReply Malformed = SmtpReply.Of(501, "5.1.3", "Bad recipient address syntax");
    private static readonly SmtpReply NoDomain = SmtpReply.Of(501, "5.1.3", "Recipient address needs a domain");
    private static readonly SmtpReply NotAscii = SmtpReply.Of(553, "5.6.7", "Non-ASCII addresses need SMTPUTF8, which is not offered here");

    public override string Name => "address";

    public override SmtpReply? Refuses(in RecipientQuery query) => MailboxSyntax.Of(query.Recipient) switch
    {
        MailboxForm.Mailbox => null,
        MailboxForm.LocalPartOnly when System.Text.Ascii.EqualsIgnoreCase(query.Recipient, "postmaster"u8) => NoPostmaster,
        MailboxForm.LocalPartOnly => NoDomain,
        MailboxForm.NotAscii => NotAscii,
        _ => Malformed,
    };
}
