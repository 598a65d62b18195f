using System.CommandLine;
using MailBench.Cli;
using MailBench.Cli.Commands;
using MailBench.Cli.Hosting;
using MailBench.Model.Nodes;

Console.SetError(new PatientWriter(Console.Error));

var root = new RootCommand("MailBench measures mail delivery: a load harness, an MTA core and a report that names the link, the features and the bottleneck.")
{
    RunCommand.Create(),
    ReportCommand.Create(),
    CompareCommand.Create(),
    CheckCommand.Create(),
    PlanCommand.Create(),
    MtaCommand.Create(),
    SinkCommand.Create(),
    DnsCommand.Create(),
    LineCommand.Create(),
    SourceCommand.Create(),
    MailboxCommand.Create(),
    PollCommand.Create(),
    QueueCommand.Create(),
    DoctorCommand.Create(),
};

var parsed = root.WithHelpExamples().Parse(args);
if (parsed.Errors.Count > 0 && !parsed.AsksForHelp())
{
    foreach (var error in parsed.Errors) await Console.Error.WriteLineAsync($"mailbench: {error.Message}");
    await Console.Error.WriteLineAsync($"Try: mailbench {string.Join(' ', CommandPath.Of(parsed))}--help");
    return ExitCode.Usage;
}

try
{
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (Exception wrong) when (wrong is UsageException or InvalidDataException)
{
    await Console.Error.WriteLineAsync($"mailbench: {wrong.Message}");
    return ExitCode.Usage;
}
catch (Exception refused) when (refused is NodeRefusedException or IOException or UnauthorizedAccessException)
{
    await Console.Error.WriteLineAsync($"mailbench: {refused.Message}");
    return ExitCode.Environment;
}
