namespace MailBench.Model.Records;

/// <summary>Whether the machine that was measured lets so many users be connected at once: the worst case, as all are when a server stands still.</summary>
public sealed record CapacityLimits
{
    /// <summary>Open files that the fullest process of a testbed may have, and would need.</summary>
    public required long OpenFiles { get; init; }
    public required long OpenFilesNeeded { get; init; }

    /// <summary>Ports that the line has toward the server, a session each.</summary>
    public required int Ports { get; init; }

    /// <summary>Sessions that both let be open at once.</summary>
    public required long Sessions { get; init; }

    /// <summary>Client addresses that the users would come from, so that ports which rest after a poll (TIME_WAIT) suffice.</summary>
    public required int Addresses { get; init; }
    public required bool Allow { get; init; }

    /// <summary>The same in words, with what to do.</summary>
    public string Sentence { get; init; } = "";
}
