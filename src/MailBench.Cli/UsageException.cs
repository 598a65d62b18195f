using System.CommandLine;
using System.CommandLine.Parsing;

namespace MailBench.Cli;

/// <summary>Wrong usage or an invalid profile (exit code 2): the message names what, where and the nearest valid form.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>The command words as given, for pointing at the right <c>--help</c>.</summary>
internal static class CommandPath
{
    public static IEnumerable<string> Of(ParseResult parsed)
    {
        var words = new Stack<string>();
        for (SymbolResult? at = parsed.CommandResult; at is CommandResult { Command: not RootCommand } command; at = at.Parent) words.Push(command.Command.Name + " ");
        return words;
    }
}
