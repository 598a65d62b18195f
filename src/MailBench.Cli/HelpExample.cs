using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace MailBench.Cli;

/// <summary>Every command's help ends with an example and what it prints (cli.md).</summary>
internal static class HelpExample
{
    private static readonly Dictionary<Command, string> Examples = [];

    /// <summary>Gives the command its example: a command line after <c>$ </c>, and below it the output.</summary>
    public static Command WithExample(this Command command, string example)
    {
        Examples[command] = example;
        return command;
    }

    /// <summary>Makes the root's help print the examples too; once, at start.</summary>
    public static RootCommand WithHelpExamples(this RootCommand root)
    {
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpThenExample((SynchronousCommandLineAction)help.Action!);
        return root;
    }

    /// <summary>Whether help was asked for: then a missing argument is no fault.</summary>
    public static bool AsksForHelp(this ParseResult parsed) => parsed.Action is HelpThenExample;

    private sealed class HelpThenExample(SynchronousCommandLineAction help) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var code = help.Invoke(parseResult);
            if (!Examples.TryGetValue(parseResult.CommandResult.Command, out var example)) return code;
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Example:");
            foreach (var line in example.ReplaceLineEndings("\n").Split('\n')) output.WriteLine(line.Length == 0 ? "" : "  " + line);
            output.WriteLine();
            return code;
        }
    }
}
