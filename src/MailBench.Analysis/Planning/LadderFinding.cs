using MailBench.Model.Records;

namespace MailBench.Analysis.Planning;

/// <summary>What a ladder says of a number of users.</summary>
internal sealed record LadderFinding(CapacityVerdict Verdict, CapacityReason Reason, IReadOnlyList<CapacityEvidence> Evidence)
{
    public IReadOnlyList<CapacityEvidence> Against { get; init; } = [];
}
