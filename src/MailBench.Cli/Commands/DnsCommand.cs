using System.CommandLine;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench dns</c>.</summary>
internal static class DnsCommand
{
    public static Command Create() => new("dns", "A synthetic DNS responder.");
}
