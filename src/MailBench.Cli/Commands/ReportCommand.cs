using System.CommandLine;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench report</c>.</summary>
internal static class ReportCommand
{
    public static Command Create() => new("report", "Render run folders again.");
}
