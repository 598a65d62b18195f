using System.CommandLine;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench run</c>.</summary>
internal static class RunCommand
{
    public static Command Create() => new("run", "Run a profile and write a run folder with its report.");
}
