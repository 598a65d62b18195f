using System.CommandLine;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench source</c>.</summary>
internal static class SourceCommand
{
    public static Command Create() => new("source", "A load generator over SMTP.");
}
