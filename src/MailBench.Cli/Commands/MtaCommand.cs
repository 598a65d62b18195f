using System.CommandLine;
using System.Net;
using MailBench.Cli.Hosting;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Units;
using MailBench.Mta;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench mta</c>.</summary>
internal static class MtaCommand
{
    private const string Example = """
        $ mailbench mta --listen 127.0.0.1:10025 --queue /tmp/queue --dns 127.0.0.1:5353 --smtp-port 2525 --relay-from 127.0.0.0/8 --hostname mta.test
        ready mta 127.0.0.1:10025
        ^C
        {"accepted":1000,"recovered":0,"delivered":1000,"deferred":0,"failed":0,"discarded":0,"queued":0,"dsns":0,"dsnsQueued":0,"sessionsIn":10,"sessionsOut":4,"transactionsOut":24,"uncertain":0,"conversions":0,"dnsQueries":7,"dnsCached":93,"dnsStale":0,"dnsNegative":0,"overloads":0,"syncs":61}
        """;

    public static Command Create()
    {
        var listen = new Option<string>("--listen") { Description = "Where clients connect; port 0 picks one.", HelpName = "ADDRESS:PORT", Required = true };
        var queue = new Option<string[]>("--queue") { Description = "Queue directories, made when missing; several by comma.", HelpName = "DIR[,…]", Required = true };
        var dns = new Option<string>("--dns") { Description = "The resolver or responder.", HelpName = "ADDRESS:PORT", Required = true };
        var smtpPort = new Option<int>("--smtp-port") { Description = "Port toward MX hosts.", HelpName = "N", DefaultValueFactory = _ => 25 };
        var relayFrom = new Option<string[]>("--relay-from")
        {
            Description = "Networks whose clients may relay. Without it nobody may.",
            HelpName = "ADDRESS/PREFIX",
            AllowMultipleArgumentsPerToken = true,
        };
        var loginSocket = new Option<string?>("--pop-before-smtp")
        {
            Description = "Also let an address relay for a while after somebody has logged in from it at a mailbox server ('mailbench mailbox --pop-before-smtp SOCKET', as the same user). The socket is made here; a restart forgets. Whoever "
                + "shares an address, as behind a translator, shares the permission: for clients that can do no better.",
            HelpName = "SOCKET",
        };
        var relayFor = new Option<string>("--relay-for") { Description = "With --pop-before-smtp: how long.", HelpName = "TIME", DefaultValueFactory = _ => "30m" };
        var hostName = new Option<string>("--hostname") { Description = "The MTA's name in greetings, EHLO, Received and DSNs.", HelpName = "NAME", Required = true };
        var strategy = new Option<string?>("--strategy") { Description = $"How recipients share transactions: {string.Join(", ", Kebab.Names<DeliveryStrategy>())}. Wins over --config.", HelpName = "STRATEGY" };
        var config = new Option<string?>("--config") { Description = "Settings: the YAML of a profile's mta: section.", HelpName = "FILE" };
        var attemptLog = new Option<string?>("--attempt-log") { Description = "The attempt log's file; attempts.log in the first queue directory when not given.", HelpName = "FILE" };
        var control = NodeOptionsParsing.Control();
        var command = new Command("mta", "The MTA core alone, in the foreground: takes mail by ESMTP, queues it durably, delivers it to MX hosts.")
        {
            listen, queue, dns, smtpPort, relayFrom, loginSocket, relayFor, hostName, strategy, config, attemptLog, control,
        };
        command.SetAction(async parsed =>
        {
            var settings = ReadSettings(parsed.GetValue(config));
            if (parsed.GetValue(strategy) is { } named) settings = settings with { Strategy = NodeOptionsParsing.Value("--strategy", named, Kebab.Parse<DeliveryStrategy>) };
            var options = new MtaOptions
            {
                Listen = NodeOptionsParsing.EndPoint("--listen", parsed.GetRequiredValue(listen)),
                QueueDirectories = QueueDirectories(parsed.GetRequiredValue(queue)),
                Dns = NodeOptionsParsing.EndPoint("--dns", parsed.GetRequiredValue(dns)),
                SmtpPort = Port(parsed.GetValue(smtpPort)),
                RelayFrom = Networks(parsed.GetValue(relayFrom) ?? []),
                LoginSocket = parsed.GetValue(loginSocket),
                RelayAfterLogin = NodeOptionsParsing.Time("--relay-for", parsed.GetValue(relayFor)!, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(1)),
                HostName = HostName(parsed.GetRequiredValue(hostName)),
                AttemptLogPath = parsed.GetValue(attemptLog),
                Settings = settings,
            };
            return await new NodeHost(new MtaNode(options, TimeProvider.System), parsed.GetValue(control), TimeProvider.System).RunAsync();
        });
        return command.WithExample(Example);
    }

    private static MtaSettings ReadSettings(string? path)
    {
        if (path is null) return new MtaSettings();
        try
        {
            return ProfileReader.ReadMtaSettings(File.ReadAllText(path), path);
        }
        catch (ProfileException wrong)
        {
            throw new UsageException(wrong.Message);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--config: {unreadable.Message}");
        }
    }

    private static IReadOnlyList<string> QueueDirectories(string[] texts)
    {
        var directories = texts.SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).ToArray();
        if (directories.Length == 0) throw new UsageException("--queue: name at least one directory, for example --queue /var/spool/mailbench.");
        var twice = directories.GroupBy(Path.GetFullPath).FirstOrDefault(same => same.Count() > 1);
        return twice is null ? directories : throw new UsageException($"--queue: {twice.First()} is named twice; each directory is a queue of its own.");
    }

    private static int Port(int port) =>
        port is >= 1 and <= 65535 ? port : throw new UsageException($"--smtp-port: {port} is no port; write 1 to 65535 (25 is SMTP's).");

    private static IReadOnlyList<IPNetwork> Networks(string[] texts) =>
        [.. texts.SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).Select(Network)];

    private static IPNetwork Network(string text)
    {
        if (IPNetwork.TryParse(text, out var network)) return network;
        if (IPAddress.TryParse(text, out var address)) return new IPNetwork(address, address.GetAddressBytes().Length * 8);
        throw new UsageException($"--relay-from: '{text}' is no network; write for example 127.0.0.0/8 or ::1/128.");
    }

    /// <summary>It stands in Received fields and EHLO, so it must be a domain name (RFC 5321 §4.1.1.1) or an address literal.</summary>
    private static string HostName(string name)
    {
        var valid = name.Length is > 0 and <= 255 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '[' or ']' or ':');
        return valid ? name : throw new UsageException($"--hostname: '{name}' is no host name; write for example mta.example.org.");
    }
}
