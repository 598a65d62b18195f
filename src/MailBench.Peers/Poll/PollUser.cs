namespace MailBench.Peers.Poll;

/// <summary>What is kept of a user between polls; a value in an array, as there are very many.</summary>
internal struct PollUser
{
    /// <summary>Cycles whose polls are due and not begun, oldest first; null: never any.</summary>
    public Queue<int>? Owed;

    /// <summary>A poll is open, or waits for a session.</summary>
    public bool IsBusy;

    /// <summary>Fetch: digests of the unique-ids that were there at the last poll; null: none yet.</summary>
    public HashSet<ulong>? Known;

    /// <summary>Fetch over IMAP: the largest UID of the last poll.</summary>
    public uint LastUid;

    /// <summary>Idle: the session that the user holds; null: none just now.</summary>
    public IdleSession? Held;
}
