using System.CommandLine;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench sink</c>.</summary>
internal static class SinkCommand
{
    public static Command Create() => new("sink", "A receiving SMTP server that books what it gets.");
}
