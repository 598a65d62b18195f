using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using MailBench.Cli.Hosting;
using MailBench.Model.Options;
using MailBench.Peers.Source;
using MailBench.Peers.Source.Workload;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench source</c>: options are read by <see cref="SourceCommandOptions"/>, this runs the node.</summary>
internal static class SourceCommand
{
    private const string Example = """
        $ mailbench source --to 127.0.0.1:2525 --rate 200/s --duration 10s --size 4KiB --recipients 2
        {"offered":2000,"accepted":2000,"refused":0,"failed":0,"uncertain":0,"waiting":0,"late":1,"acceptedRecipients":4000,
         "refusedRecipients":0,"contentOctets":8192000,"sessions":2,"seconds":9.995,"responseMs":{"p50":0.31,"p90":0.42,"p99":0.78,"p999":1.9,
         "max":2.6},"latenessMs":{"p50":0.06,"p90":0.09,"p99":0.21,"p999":0.7,"max":1.3},"serviceMs":{"connect":{…},"envelope":{…},"endOfData":{…}}}
        """;

    public static Command Create()
    {
        var options = new SourceCommandOptions();
        var command = new Command("source", "A load generator over SMTP: open (--rate), closed (--sessions) or backlog (--backlog, under a runner).");
        options.AddTo(command);
        command.SetAction((parsed, _) => RunAsync(options, parsed));
        return command.WithExample(Example);
    }

    private static async Task<int> RunAsync(SourceCommandOptions arguments, ParseResult parsed)
    {
        var control = parsed.GetValue(arguments.Control);
        var options = arguments.Read(parsed);
        var run = RunId(arguments.GivenSeed(parsed));
        await using var node = NewNode(options, run, control);
        await using var progress = control ? null : SourceProgress.StartOnTerminal(node, TimeProvider.System);
        try
        {
            return await new NodeHost(node, control, TimeProvider.System).RunAsync();
        }
        catch (Exception wrong) when (wrong is WorkloadException or ArgumentException)
        {
            throw new UsageException(wrong.Message);
        }
    }

    private static SourceNode NewNode(SourceOptions? options, string run, bool control) => new(options, run, control, Console.Error);

    /// <summary>From the seed where one is given, so that the run can be repeated to the octet; else a fresh one, lest a sink take two runs for one.</summary>
    private static string RunId(int? seed)
    {
        var random = new Random(seed ?? RandomNumberGenerator.GetInt32(int.MaxValue));
        return random.NextInt64(1L << 40).ToString("x10", CultureInfo.InvariantCulture);
    }
}
