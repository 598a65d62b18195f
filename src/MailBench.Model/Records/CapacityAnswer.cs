namespace MailBench.Model.Records;

/// <summary>The answer for one line and one variant of a run: what it is, what it rests on, and what run would say more.</summary>
public sealed record CapacityAnswer
{
    /// <summary>What distinguishes the points that answer: <c>delete over pop3</c>, with other swept values behind it.</summary>
    public required string Variant { get; init; }

    /// <summary>Line toward the users; 0: not limited.</summary>
    public required long CapacityBitsPerSecond { get; init; }
    public required long ReverseBitsPerSecond { get; init; }
    public required CapacityVerdict Verdict { get; init; }
    public required CapacityReason Reason { get; init; }
    public bool Extrapolated => Extrapolation is not null;

    /// <summary>The points that the answer rests on, by number of users; of a refusal the largest that there is.</summary>
    public required IReadOnlyList<CapacityEvidence> Evidence { get; init; }
    public CapacityExtrapolation? Extrapolation { get; init; }

    /// <summary>What was measured in place of what was asked, as people write it: numbers of users, intervals, lines or protocols.</summary>
    public IReadOnlyList<string> Instead { get; init; } = [];

    /// <summary>Void points in the question's way, with their reasons.</summary>
    public IReadOnlyList<string> Voided { get; init; } = [];

    /// <summary>Points that contradict the answer by their order: fewer users who were not carried, more who were.</summary>
    public IReadOnlyList<CapacityEvidence> Against { get; init; } = [];

    /// <summary>The command that would measure it; null: it was measured.</summary>
    public string? Command { get; init; }

    /// <summary>The answer in words.</summary>
    public string Sentence { get; init; } = "";
}
