using System.CommandLine;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench mta</c>.</summary>
internal static class MtaCommand
{
    public static Command Create() => new("mta", "The MTA core alone, in the foreground.");
}
