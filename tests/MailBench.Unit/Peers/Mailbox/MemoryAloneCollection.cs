using Xunit;

namespace MailBench.Unit.Peers.Mailbox;

/// <summary>Tests that look at the memory of the whole process: beside others they would see theirs.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class MemoryAloneCollection
{
    public const string Name = "memory alone";
}
