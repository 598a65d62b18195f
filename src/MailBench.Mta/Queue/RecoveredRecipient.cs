namespace MailBench.Mta.Queue;

/// <summary>A recipient found waiting at start. Those of one message come one after another.</summary>
/// <param name="Entry">Its message, where the queue keeps it in memory; else null, and <see cref="MessageQueue.Load"/> reads it by <paramref name="Place"/>.</param>
/// <param name="Domain">A number for its domain (<see cref="DomainKey"/>).</param>
/// <param name="NextAttemptUnixMs">As <see cref="RecipientEntry.NextAttemptUnixMs"/>.</param>
public readonly record struct RecoveredRecipient(QueueEntry? Entry, int Place, QueueId Id, bool NullReversePath, int Recipient, uint Domain, long NextAttemptUnixMs);
