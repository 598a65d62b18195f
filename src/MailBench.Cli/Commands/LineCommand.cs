using System.CommandLine;
using MailBench.Cli.Hosting;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Units;
using MailBench.Transport.Line;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench line</c>.</summary>
internal static class LineCommand
{
    private const string Example = """
        $ mailbench line --listen 127.0.1.1:2525=127.0.0.9:2525 127.0.1.2:2525=127.0.0.9:2525 --capacity 1.5Mbit/s --delay 20ms
        ready line 127.0.1.1:2525
        ready line 127.0.1.2:2525
        ^C
        {"wireOctetsForward":1874122,"wireOctetsReverse":80190,"seconds":10.004,"payloadForward":1790616,"payloadReverse":4012,"segmentsForward":1265,"segmentsReverse":1154,"connections":4,"basis":"estimated"}
        """;

    public static Command Create()
    {
        var listen = new Option<string[]>("--listen")
        {
            Description = "What connects to the first address is carried to the second; may be given several times. Port 0 on the near side picks one, the same for all of this command.",
            HelpName = "ADDRESS:PORT=ADDRESS:PORT",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
        };
        var capacity = new Option<string>("--capacity")
        {
            Description = "Capacity toward the far side, and back where it differs: 1.5Mbit/s, 100Mbit/s/10Mbit/s, unlimited. All connections share it.",
            HelpName = "RATE[/RATE]",
            Required = true,
        };
        var delay = new Option<string>("--delay") { Description = "One-way delay, in each direction.", HelpName = "DURATION", DefaultValueFactory = _ => "0s" };
        var queue = new Option<string>("--queue")
        {
            Description = "Octets that may wait for the line in a direction, all connections together; then senders are held back. Never less than 5 ms of the line.",
            HelpName = "SIZE",
            DefaultValueFactory = _ => "64KiB",
        };
        var control = NodeOptionsParsing.Control();

        var command = new Command("line", "A shared line in user space: fixed capacity per direction, delay, a bounded queue. Its wire octets are estimated from the kernel's segment counts.")
        {
            listen, capacity, delay, queue, control,
        };
        command.SetAction((parsed, _) =>
        {
            var (forward, reverse) = NodeOptionsParsing.Value("--capacity", parsed.GetValue(capacity)!, LineCapacity.Parse);
            var options = new LineOptions
            {
                Ports = [.. parsed.GetValue(listen)!.SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries)).Select(Port)],
                Forward = forward,
                Reverse = reverse,
                Delay = NodeOptionsParsing.Value("--delay", parsed.GetValue(delay)!, Duration.Parse),
                Queue = NodeOptionsParsing.Value("--queue", parsed.GetValue(queue)!, ByteSize.Parse),
            };
            if (options.Delay > LineNode.MaxDelay) throw new UsageException($"--delay: {Duration.Format(options.Delay)} is more than {Duration.Format(LineNode.MaxDelay)}.");
            if (options.Queue.Bytes < LineNode.MinQueue.Bytes) throw new UsageException($"--queue: {options.Queue} holds no two segments; give at least {LineNode.MinQueue}.");
            return new NodeHost(new LineNode(options), parsed.GetValue(control), TimeProvider.System).RunAsync();
        });
        return command.WithExample(Example);
    }

    private static LinePort Port(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0) throw new UsageException($"--listen: '{text}' is not NEAR=FAR; write for example 127.0.1.1:2525=127.0.0.9:2525.");
        var port = new LinePort(NodeOptionsParsing.EndPoint("--listen", text[..equals]), NodeOptionsParsing.EndPoint("--listen", text[(equals + 1)..]));
        if (port.Far.Port == 0) throw new UsageException($"--listen: '{text}' leads to port 0; name the far side's port.");
        return port;
    }
}
