using System.CommandLine;
using MailBench.Cli.Hosting;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Peers.Sink;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench sink</c>.</summary>
internal static class SinkCommand
{
    private const string Example = """
        $ mailbench sink --listen 127.0.0.1:2525 --refuse rcpt:450:4.2.0:10%
        ready sink 127.0.0.1:2525
        ^C
        {"sessions":10,"transactions":100,"messages":90,"recipients":90,"octets":368640,"refused":10,"dsns":0}
        """;

    public static Command Create()
    {
        var listen = new Option<string[]>("--listen")
        {
            Description = "Addresses to receive on, several separated by commas; port 0 picks one, the same for all of them.",
            HelpName = "ADDRESS:PORT[,…]",
            Required = true,
        };
        var returns = new Option<string[]>("--return") { Description = "Addresses where DSNs come back to; they are read, not counted as messages.", HelpName = "ADDRESS:PORT[,…]" };
        var refuse = new Option<string[]>("--refuse")
        {
            Description = "Refuse in a phase (connect, helo, mail, rcpt, data, end): PHASE:CODE[:ENHANCED][:SHARE][:PATTERN]; * and ? in the pattern. May be repeated: the first rule that applies decides.",
            HelpName = "RULE",
        };
        var save = new Option<string?>("--save") { Description = "Keep each message as received (N.eml) beside its envelope (N.json) in this folder.", HelpName = "DIR" };
        var withhold = new Option<string[]>("--withhold")
        {
            Description = "Extensions not to offer: pipelining, size, eight-bit-mime, enhanced-status-codes, chunking, limits. May be repeated.",
            HelpName = "NAME[,…]",
        };
        var limit = new Option<string[]>("--limit") { Description = "A limit to announce (RFC 9422) and keep: RCPTMAX=N, MAILMAX=N or RCPTDOMAINMAX=N. May be repeated.", HelpName = "NAME=N" };
        var maxSize = new Option<string?>("--max-message-size") { Description = "Largest message, announced by SIZE (64MiB unless said).", HelpName = "S" };
        var seed = new Option<int>("--seed") { Description = "Seed of the refusals' shares.", DefaultValueFactory = _ => 1, HelpName = "N" };
        var control = NodeOptionsParsing.Control();

        var command = new Command("sink", "A receiving SMTP server that takes, counts and books what it gets.") { listen, returns, refuse, save, withhold, limit, maxSize, seed, control };
        command.SetAction(async (parsed, _) =>
        {
            var options = new SinkOptions
            {
                Listen = NodeOptionsParsing.EndPoints("--listen", parsed.GetValue(listen) ?? []),
                Return = NodeOptionsParsing.EndPoints("--return", parsed.GetValue(returns) ?? []),
                Refuse = [.. (parsed.GetValue(refuse) ?? []).Select(rule => NodeOptionsParsing.Value("--refuse", rule, RefusalRuleText.Parse))],
                SaveDirectory = parsed.GetValue(save),
                Withhold = [.. (parsed.GetValue(withhold) ?? []).SelectMany(names => names.Split(',')).Select(name => NodeOptionsParsing.Value("--withhold", name, Kebab.Parse<SmtpExtension>))],
                Limits = NodeOptionsParsing.Value("--limit", string.Join(' ', parsed.GetValue(limit) ?? []), text => SmtpLimits.Parse(text.Split(' ', StringSplitOptions.RemoveEmptyEntries))),
                MaxMessageSize = parsed.GetValue(maxSize) is { } size ? NodeOptionsParsing.Value("--max-message-size", size, ByteSize.Parse) : new SinkOptions { Listen = [] }.MaxMessageSize,
                Seed = parsed.GetValue(seed),
            };
            if (options.Listen.Count == 0) throw new UsageException("--listen: no address is given; write for example 127.0.0.1:2525.");
            return await new NodeHost(new SinkNode(options), parsed.GetValue(control), TimeProvider.System).RunAsync();
        });
        return command.WithExample(Example);
    }
}
