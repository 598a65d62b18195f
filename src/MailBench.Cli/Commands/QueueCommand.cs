using System.CommandLine;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench queue</c>.</summary>
internal static class QueueCommand
{
    public static Command Create() => new("queue", "Look into a queue directory.");
}
