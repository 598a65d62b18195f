using System.CommandLine;
using System.Globalization;
using MailBench.Cli.Hosting;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Peers.Poll;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench poll</c>.</summary>
internal static class PollCommand
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMicroseconds(1), Longest = TimeSpan.FromDays(1), LongestRun = TimeSpan.FromDays(365);

    private const string Example = """
        $ mailbench poll --pop3 127.0.0.1:1110 --users 1000 --every 10s --duration 1m
        mailbench poll: 1,000 users every 10 s are 100 polls/s from 1 client address of 28,232 ports; of 1,048,576 file descriptors 1,000 sessions may be open at once
        {"offered":6000,"polls":6000,"retrieved":0,"deleted":0,"failed":0,"unfinished":0,"waiting":0,"late":0,"contentOctets":0,"octetsIn":438000,"octetsOut":222000,"seconds":59.99,"responseMs":{"p50":0.61,…},…}
        """;

    public static Command Create()
    {
        var pop3 = new Option<string?>("--pop3") { Description = "The server, over POP3. On loopback the users come from addresses of 127.64.0.0/10, so that ports last.", HelpName = "ADDRESS:PORT" };
        var imap = new Option<string?>("--imap") { Description = "The same of a server that they speak IMAP to.", HelpName = "ADDRESS:PORT" };
        var users = new Option<int?>("--users") { Description = "user0 … userN-1, whose password is their name.", HelpName = "N" };
        var every = new Option<string?>("--every") { Description = "Each user polls once in so long, whether the poll before has ended or not (then it waits).", HelpName = "D" };
        var count = new Option<long?>("--count") { Description = "Stop after so many polls.", HelpName = "N" };
        var duration = new Option<string?>("--duration") { Description = "Stop offering after so long, for example 10s.", HelpName = "D" };
        var action = new Option<string>("--action") { Description = "check: log in, STAT (over IMAP: SELECT), QUIT. fetch: retrieve what is new, leave it. headers: the same, its headers first. delete: retrieve all and delete it. reread: retrieve all and leave it, each time. idle (IMAP): hold a session each in IDLE, fetch what EXISTS announces, say IDLE anew every --every.", HelpName = "check|fetch|headers|delete|reread|idle", DefaultValueFactory = _ => "check" };
        var phase = new Option<string>("--phase") { Description = "random: each user at a moment of its own. synchronised: all at once (a stampede).", HelpName = "random|synchronised", DefaultValueFactory = _ => "random" };
        var think = new Option<string?>("--think-time") { Description = "How long a user looks at what there is, the session open, before going on.", HelpName = "D" };
        var pipelining = new Option<string>("--pipelining") { Description = "Send commands without waiting for replies.", HelpName = "on|off", DefaultValueFactory = _ => "off" };
        var sessions = new Option<int?>("--max-sessions") { Description = "Sessions at once; further polls wait (as many as file descriptors allow unless said).", HelpName = "N" };
        var seed = new Option<int>("--seed") { Description = "Seed of the users' moments.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var control = NodeOptionsParsing.Control();
        var tls = new ClientTlsOptions();

        var command = new Command("poll", "Users who poll a POP3 or IMAP server, each at a fixed interval: open loop, so a slow server does not slow the load down.")
        {
            pop3, imap, users, every, count, duration, action, phase, think, pipelining, sessions, seed, control,
        };
        tls.AddTo(command);
        command.SetAction((parsed, _) =>
        {
            var controlled = parsed.GetValue(control);
            var (overPop3, overImap) = (parsed.GetValue(pop3), parsed.GetValue(imap));
            if (overPop3 is not null && overImap is not null) throw new UsageException("--pop3 and --imap: users speak one of them; write two commands for both.");
            var options = controlled && overPop3 is null && overImap is null ? null : new PollOptions
            {
                Server = NodeOptionsParsing.EndPoint(overImap is null ? "--pop3" : "--imap", overImap ?? overPop3 ?? throw new UsageException("--pop3 or --imap is missing: where do the users poll? For example --pop3 127.0.0.1:1110.")),
                Protocol = overImap is null ? PollProtocol.Pop3 : PollProtocol.Imap,
                Tls = tls.Read(parsed),
                Users = Positive("--users", parsed.GetValue(users) ?? throw new UsageException("--users is missing: how many users poll?")),
                Interval = Time("--every", parsed.GetValue(every), Longest) ?? throw new UsageException("--every is missing: how often does each user poll? For example --every 5m."),
                Count = parsed.GetValue(count) is { } polls ? polls >= 1 ? polls : throw new UsageException($"--count: {polls} is no number of polls; write 1 or more.") : 0,
                Duration = Time("--duration", parsed.GetValue(duration), LongestRun) ?? TimeSpan.Zero,
                Action = Word<PollAction>("--action", parsed.GetValue(action)!),
                Phase = Word<PollPhase>("--phase", parsed.GetValue(phase)!),
                ThinkTime = Time("--think-time", parsed.GetValue(think), Longest) ?? TimeSpan.Zero,
                Pipelining = parsed.GetValue(pipelining)!.ToLowerInvariant() switch
                {
                    "on" => true,
                    "off" => false,
                    var text => throw new UsageException($"--pipelining: '{text}' is neither on nor off."),
                },
                MaxSessions = parsed.GetValue(sessions) is { } most ? Positive("--max-sessions", most) : 0,
                Seed = parsed.GetValue(seed),
            };
            if (options?.Contradiction is { } contradiction) throw new UsageException($"--action idle: {contradiction}.");
            if (options is { Count: 0 } && options.Duration == TimeSpan.Zero && !controlled) throw new UsageException("--count or --duration is needed: when should the polling end?");
            return new NodeHost(new PollNode(options, controlled, Console.Error), controlled, TimeProvider.System).RunAsync();
        });
        return command.WithExample(Example);
    }

    private static int Positive(string option, int value) => value >= 1 ? value : throw new UsageException($"{option}: {value.ToString(CultureInfo.InvariantCulture)} is too few; write 1 or more.");

    private static TimeSpan? Time(string option, string? text, TimeSpan most) => text is null ? null : NodeOptionsParsing.Time(option, text, Shortest, most);

    private static T Word<T>(string option, string text) where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
            if (string.Equals(Kebab.Format(value), text, StringComparison.OrdinalIgnoreCase)) return value;
        throw new UsageException($"{option}: '{text}' is none of {string.Join(", ", Enum.GetValues<T>().Select(static value => Kebab.Format(value)))}.");
    }
}
