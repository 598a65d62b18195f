namespace MailBench.Peers.Source.Arrivals;

/// <summary>
/// A message that the load has asked for. IntendedNs: when it should start (CLOCK_MONOTONIC); never moved, so that a wait is part of the response. QueuedNs: when it
/// had to wait for a free session, 0 if it never had to. Retried: it was begun on a session that the peer had already left, and goes again.
/// </summary>
internal readonly record struct Arrival(long Sequence, long IntendedNs)
{
    public long QueuedNs { get; init; }
    public bool Retried { get; init; }
}

/// <summary>How an offered message ended for the source.</summary>
internal enum Outcome
{
    /// <summary>250 after end of data, for at least one recipient.</summary>
    Accepted,

    /// <summary>The whole message was refused by a reply.</summary>
    Refused,

    /// <summary>No session, or the session ended before the final reply was due.</summary>
    Failed,

    /// <summary>The session ended between end of data and its reply.</summary>
    Uncertain,
}

/// <summary>An ended message and how many of its recipients were accepted by RCPT (0 unless the message was).</summary>
internal readonly record struct MessageEnd(Outcome Outcome, int AcceptedRecipients);
