namespace MailBench.Peers.Mailbox.Store;

/// <summary>The message would take the maildir beyond its quota.</summary>
internal sealed class QuotaException() : IOException("the mailbox is full");
