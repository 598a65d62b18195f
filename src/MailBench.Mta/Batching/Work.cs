namespace MailBench.Mta.Batching;

/// <summary>What the batcher wants done.</summary>
public enum WorkKind
{
    /// <summary>Dial <see cref="SiteSession.Host"/>.</summary>
    Open,

    /// <summary>An idle session has a transaction again: send <see cref="SiteSession.Batch"/>.</summary>
    Begin,

    /// <summary>Say QUIT: an idle session's slot is wanted elsewhere.</summary>
    Close,

    /// <summary>Cut a session that still waits for connection or greeting: it has outlasted its turn, and others wait for its slot. Then <see cref="Batcher.Ended"/>; the host has not failed.</summary>
    Abandon,
}

public readonly record struct Work(WorkKind Kind, SiteSession Session);

/// <summary>What a session that is free does next.</summary>
public enum NextStep { Begin, Idle, Close }
