using System.CommandLine;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench line</c>.</summary>
internal static class LineCommand
{
    public static Command Create() => new("line", "A shared line of fixed capacity.");
}
