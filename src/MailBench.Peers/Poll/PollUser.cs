namespace MailBench.Peers.Poll;

/// <summary>What is kept of a user between polls; a value in an array, as there are very many.</summary>
internal struct PollUser
{
    /// <summary>The cycle that is begun next, and how many cycles are due: the difference is owed.</summary>
    public int NextCycle;
    public int DueCycles;

    /// <summary>A poll is open, or waits for a session.</summary>
    public bool IsBusy;

    /// <summary>Fetch: digests of the unique-ids that were there at the last poll; null: none yet.</summary>
    public HashSet<ulong>? Known;
}
