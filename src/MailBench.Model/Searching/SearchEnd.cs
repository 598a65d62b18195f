namespace MailBench.Model.Searching;

/// <summary>How a search stands.</summary>
public enum SearchEnd
{
    /// <summary>It goes on; of a run that is over: it was interrupted.</summary>
    Unfinished,

    /// <summary>Both ends, or the only one there is, held when they were tried afresh.</summary>
    Found,

    /// <summary>A try was void, and void again when it was repeated.</summary>
    Void,

    /// <summary>The tries were used up before the ends held: they contradict each other.</summary>
    Exhausted,
}
