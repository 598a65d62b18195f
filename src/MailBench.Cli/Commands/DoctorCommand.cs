using System.CommandLine;
using System.Text.Json;
using MailBench.Model.Nodes;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;
using MailBench.Runs.Disclosure;
using MailBench.Runs.Testbed.Systems;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench doctor</c>: what this machine can do, and the commands that get the rest.</summary>
internal static class DoctorCommand
{
    private const string Example = """
        $ mailbench doctor
        …
        privileges
          + foreign MTAs      private PID, mount and network namespaces can be made
          + user-space line   needs no privilege
          + kernel line       virtual cables and tc's token bucket can be made (line.backend: kernel)
        …
        foreign MTAs
          + postfix           Postfix 3.7.11
          - exim              Exim is not installed. As MTA packages exclude each other, unpack it beside them: …
                              $ mailbench doctor --unpack exim
        """;

    public static Command Create()
    {
        var unpack = new Option<string[]>("--unpack")
        {
            Description = "Download Debian's packages of an MTA or mailbox server (postfix, exim, opensmtpd, sendmail, dovecot) with the libraries they need, and unpack them into a folder of their own, where systems under test are looked for; nothing is installed.",
            HelpName = "MTA [DIR]",
            Arity = new ArgumentArity(1, 2),
            AllowMultipleArgumentsPerToken = true,
        };
        var format = new Option<string>("--format") { Description = "Text, or JSON and nothing else.", DefaultValueFactory = _ => "text", HelpName = "text|json" };
        format.AcceptOnlyFromAmong("text", "json");
        var command = new Command("doctor", "Say what this machine can do: privileges, limits, storage, foreign MTAs found, and the commands that get the rest.") { unpack, format };
        command.WithExample(Example);
        command.SetAction(parsed => parsed.GetValue(unpack) is { Length: > 0 } asked ? Unpack(asked) : Print(parsed.GetValue(format) == "json"));
        return command;
    }

    private static int Unpack(string[] asked)
    {
        if (!Kebab.TryParse<SystemKind>(asked[0], out var kind) || !new MailSystem(asked[0], kind).IsEnclosed)
            throw new UsageException($"--unpack {asked[0]}: expected one of {string.Join(", ", Kebab.Names<SystemKind>().Where(name => MailSystem.BuiltIn(name)!.IsEnclosed))}.");
        var root = asked.Length > 1 ? asked[1] : MtaRoots.UnpackedRootOf(kind);
        PackageRoot.Unpack(kind, root, packages => Console.Error.WriteLine($"unpacking {packages}"));
        Console.Out.WriteLine(asked.Length > 1 ? $"{asked[0]} is in {root}; a profile's systems: name it by 'root: {root}'." : $"{asked[0]} is in {root}, where it is found without being named.");
        return ExitCode.Good;
    }

    private static int Print(bool json)
    {
        var findings = MachineCheck.Look(Directory.GetCurrentDirectory());
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(findings, RecordJson.Indented));
            return ExitCode.Good;
        }

        var width = findings.Max(finding => finding.Name.Length) + 3;
        foreach (var topic in findings.GroupBy(finding => finding.Topic))
        {
            Console.Out.WriteLine(topic.Key);
            foreach (var finding in topic)
            {
                Console.Out.WriteLine($"  {(finding.IsThere ? '+' : '-')} {finding.Name.PadRight(width)}{Printable.Of(finding.Says)}");
                if (finding.Get is { } get) Console.Out.WriteLine($"{new string(' ', width + 4)}$ {get}");
            }
        }

        return ExitCode.Good;
    }
}
