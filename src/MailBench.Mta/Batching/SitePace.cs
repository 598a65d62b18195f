namespace MailBench.Mta.Batching;

/// <summary>How long a site holds a slot, as far as is known: sites of one pace wait together, and share what slots that pace may have.</summary>
internal enum SitePace
{
    /// <summary>No step of a session has ended yet: it may turn out to be dead.</summary>
    Unknown,
    Usual,

    /// <summary>Its last step took much longer than others' do.</summary>
    Slow,
}
