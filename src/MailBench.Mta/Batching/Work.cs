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
}

public readonly record struct Work(WorkKind Kind, SiteSession Session);

/// <summary>What a session that is free does next.</summary>
public enum NextStep { Begin, Idle, Close }
