namespace MailBench.Mta.Batching;

/// <summary>Sites that wait for one more session, in turn; linked through the sites themselves, each of which is in one ring at most.</summary>
internal struct SiteRing
{
    public int Count { get; private set; }
    public DestinationQueue? First { get; private set; }
    private DestinationQueue? _last;

    public void Add(DestinationQueue site)
    {
        site.InRing = true;
        site.RingPrevious = _last;
        if (_last is null) First = site;
        else _last.RingNext = site;
        _last = site;
        Count++;
    }

    public void Remove(DestinationQueue site)
    {
        if (site.RingPrevious is null) First = site.RingNext;
        else site.RingPrevious.RingNext = site.RingNext;
        if (site.RingNext is null) _last = site.RingPrevious;
        else site.RingNext.RingPrevious = site.RingPrevious;
        site.RingPrevious = site.RingNext = null;
        site.InRing = false;
        Count--;
    }
}
