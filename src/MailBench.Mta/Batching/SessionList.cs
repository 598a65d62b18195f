namespace MailBench.Mta.Batching;

/// <summary>Sessions in the order in which they came; linked through the sessions themselves, each of which is in one such list at most.</summary>
internal struct SessionList
{
    public SiteSession? Oldest { get; private set; }
    public SiteSession? Newest { get; private set; }

    public void Add(SiteSession session)
    {
        session.Older = Newest;
        if (Newest is null) Oldest = session;
        else Newest.Newer = session;
        Newest = session;
    }

    public void Remove(SiteSession session)
    {
        if (session.Older is null) Oldest = session.Newer;
        else session.Older.Newer = session.Newer;
        if (session.Newer is null) Newest = session.Older;
        else session.Newer.Older = session.Older;
        session.Older = session.Newer = null;
    }
}
