using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>Proofs that load or time the machine: one after another, beside nothing else.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
