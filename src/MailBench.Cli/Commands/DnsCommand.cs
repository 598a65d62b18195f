using System.CommandLine;
using MailBench.Cli.Hosting;
using MailBench.Model.Options;
using MailBench.Peers.Dns;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench dns</c>.</summary>
internal static class DnsCommand
{
    private const string Example = """
        $ mailbench dns --listen 127.0.0.1:5300 --generate domains=100,mx=5,addresses=127.0.1.0/24,per-domain=2 --fault d7.test:servfail
        ready dns 127.0.0.1:5300
        ^C
        {"queries":2,"byType":{"MX":2},"byRcode":{"NOERROR":1,"SERVFAIL":1}}
        """;

    public static Command Create()
    {
        var listen = new Option<string>("--listen")
        {
            Description = "Where to serve, UDP and TCP alike; port 0 picks one for both.",
            HelpName = "ADDRESS:PORT",
            Required = true,
        };
        var zones = new Option<string[]>("--zone")
        {
            Description = "A standard master file; may be given several times. Before an $ORIGIN its origin is the file's name (example.test.zone).",
            HelpName = "FILE",
            AllowMultipleArgumentsPerToken = true,
        };
        var generate = new Option<string?>("--generate")
        {
            Description = "A synthetic zone: domains=100,mx=5,suffix=test,addresses=127.0.1.0/24,per-domain=2,additional=on gives d0.test … d99.test and hosts "
                + "mx0.test … with addresses in order; dJ has the hosts (J + k) mod mx at preference 10; return=ADDRESS adds source.test, mail=ADDRESS mail.test, where users have their mailboxes, ttl=1h sets the TTL.",
            HelpName = "SPEC",
        };
        var faults = new Option<string[]>("--fault")
        {
            Description = "Answer names that match (* and ?) wrongly: NAME-PATTERN:KIND[:VALUE] with kinds delay (VALUE is its duration), servfail, nxdomain, refused, drop, "
                + "truncate (over UDP), lame (an upward referral), no-additional. Of rules that match, the first counts; a delay goes with any other.",
            HelpName = "RULE",
            AllowMultipleArgumentsPerToken = true,
        };
        var control = NodeOptionsParsing.Control();

        var command = new Command("dns", "A synthetic DNS responder: authoritative answers from zone files or a generator, over UDP and TCP, with faults at will.")
        {
            listen, zones, generate, faults, control,
        };
        command.SetAction((parsed, _) =>
        {
            var spec = parsed.GetValue(generate);
            var options = new DnsOptions
            {
                Listen = NodeOptionsParsing.EndPoint("--listen", parsed.GetValue(listen)!),
                ZoneFiles = parsed.GetValue(zones) ?? [],
                Generate = spec is null ? null : NodeOptionsParsing.Value("--generate", spec, GeneratedZoneSpec.Parse),
                Faults = [.. (parsed.GetValue(faults) ?? []).Select(rule => NodeOptionsParsing.Value("--fault", rule, DnsFaultRule.Parse))],
            };
            if (options.ZoneFiles.Count == 0 && options.Generate is null) throw new UsageException("dns: give --zone FILE or --generate SPEC, for example --generate domains=100,mx=5.");
            return new NodeHost(Create(options), parsed.GetValue(control), TimeProvider.System).RunAsync();
        });
        return command.WithExample(Example);
    }

    /// <summary>A zone that cannot be read is the caller's mistake, as an option would be.</summary>
    private static DnsNode Create(DnsOptions options)
    {
        try
        {
            return new DnsNode(options);
        }
        catch (Exception wrong) when (wrong is ZoneException or FormatException)
        {
            throw new UsageException(wrong.Message);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--zone: {unreadable.Message}");
        }
    }
}
