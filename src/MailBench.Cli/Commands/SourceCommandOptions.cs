using System.CommandLine;
using System.Globalization;
using MailBench.Cli.Hosting;
using MailBench.Model.Options;
using MailBench.Model.Units;

namespace MailBench.Cli.Commands;

/// <summary>The options of <c>mailbench source</c> and what they mean together; a contradiction or a gap is a <see cref="UsageException"/> that names the options.</summary>
internal sealed class SourceCommandOptions
{
    // More than a fast SUT needs at any rate that one source makes, fewer than the connections that MTAs allow a client by default.
    private const int DefaultMaxSessions = 64;
    private static readonly ByteSize DefaultSize = new(4 << 10);

    private readonly Option<string?> _to = Text("--to", "ADDRESS:PORT", "Where to send.");
    private readonly Option<string?> _rate = Text("--rate", "R", "Open loop: arrivals evenly spaced, for example 200/s.");
    private readonly Option<int?> _sessions = Number("--sessions", "Closed loop: so many users without think time, each with a session.");
    private readonly Option<int?> _backlog = Number("--backlog", "Backlog: keep so many undelivered recipients in the system; needs --control for the sinks' credits.");
    private readonly Option<long?> _count = new("--count") { Description = "Stop after so many messages.", HelpName = "N" };
    private readonly Option<string?> _duration = Text("--duration", "D", "Stop offering after so long, for example 10s.");
    private readonly Option<string?> _size = Text("--size", "S", "Messages of exactly this content size (4KiB unless said).");
    private readonly Option<string?> _mix = Text("--mix", "NAME", "A synthetic mix: mailing-list, mobile or office.");
    private readonly Option<string?> _messages = Text("--messages", "PATH", "Real mail, sent as it is: an mbox, a maildir or a folder of .eml files.");
    private readonly Option<int?> _recipients = Number("--recipients", "Recipients a message (1 unless said).");
    private readonly Option<int?> _domains = Number("--domains", "Recipient domains d0 … dN-1 (100 unless said).");
    private readonly Option<string> _suffix = new("--suffix") { Description = "Domain suffix of all addresses.", DefaultValueFactory = _ => "test", HelpName = "NAME" };
    private readonly Option<int?> _users = Number("--users", "Send to user0 … userN-1 at mail.SUFFIX instead.");
    private readonly Option<string> _pipelining = Switch("--pipelining", "Send the envelope as one group where PIPELINING is offered.");
    private readonly Option<string> _overlap = Switch("--overlap", "Send the next envelope behind the end of a content, where messages wait for a session (off unless said).", "off");
    private readonly Option<string> _chunking = Switch("--chunking", "Send content by BDAT where CHUNKING is offered (off unless said).", "off");
    private readonly Option<string> _reuse = Switch("--reuse", "Send more than one message on a session.");
    private readonly Option<int?> _maxSessions = Number("--max-sessions", $"Open and backlog: sessions at once ({DefaultMaxSessions} unless said).");
    private readonly Option<int?> _seed = Number("--seed", "Seed of contents and random arrivals.");

    public Option<bool> Control { get; } = NodeOptionsParsing.Control();

    public void AddTo(Command command)
    {
        Option[] all =
        [
            _to, _rate, _sessions, _backlog, _count, _duration, _size, _mix, _messages, _recipients, _domains, _suffix, _users, _pipelining, _overlap, _chunking, _reuse, _maxSessions, _seed, Control,
        ];
        foreach (var option in all) command.Options.Add(option);
    }

    public int? GivenSeed(ParseResult parsed) => parsed.GetValue(_seed);

    /// <summary>Null: under control, and nothing was said about what to send.</summary>
    public SourceOptions? Read(ParseResult parsed)
    {
        var control = parsed.GetValue(Control);
        var to = parsed.GetValue(_to);
        var models = Given(parsed, _rate, _sessions, _backlog);
        if (control && to is null && models.Count == 0) return null;
        if (to is null) throw new UsageException("--to is missing: where should the mail go? For example --to 127.0.0.1:2525.");
        if (models.Count == 0) throw new UsageException($"One of --rate, --sessions and --backlog is needed: how should the load come?");
        AtMostOne(models);
        if (parsed.GetValue(_backlog) is not null && !control)
            throw new UsageException("--backlog needs --control: its credits are the sinks' bookings, which a runner passes on. Alone, use --rate or --sessions.");
        return new SourceOptions { To = NodeOptionsParsing.EndPoint("--to", to), Load = ReadLoad(parsed, control), Workload = ReadWorkload(parsed) };
    }

    private LoadOptions ReadLoad(ParseResult parsed, bool control)
    {
        var count = parsed.GetValue(_count);
        if (count is < 1) throw new UsageException($"--count: {count} is no number of messages; write 1 or more.");
        var duration = parsed.GetValue(_duration) is { } text ? NodeOptionsParsing.Value("--duration", text, Duration.Parse) : TimeSpan.Zero;
        if (parsed.GetValue(_duration) is not null && duration == TimeSpan.Zero) throw new UsageException("--duration: 0 leaves no time to send anything.");
        if (count is null && duration == TimeSpan.Zero && !control) throw new UsageException("--count or --duration is needed: when should the load end?");
        var load = new LoadOptions { Model = LoadModel.Open, Count = count ?? 0, Duration = duration };

        if (parsed.GetValue(_sessions) is { } sessions)
        {
            if (parsed.GetValue(_maxSessions) is not null) throw new UsageException("--max-sessions contradicts --sessions: in a closed loop every user has a session.");
            return load with
            {
                Model = LoadModel.Closed,
                Stages = [new LoadStage(LoadStageKind.KeepConstant, default, AtLeastOne("--sessions", sessions), TimeSpan.Zero)],
                Sessions = sessions,
            };
        }

        load = load with { Sessions = AtLeastOne("--max-sessions", parsed.GetValue(_maxSessions) ?? DefaultMaxSessions) };
        if (parsed.GetValue(_backlog) is { } backlog) return load with { Model = LoadModel.Backlog, BacklogRecipients = AtLeastOne("--backlog", backlog) };
        var rate = NodeOptionsParsing.Value("--rate", WithUnit(parsed.GetValue(_rate)!), Rate.Parse);
        return load with { Stages = [new LoadStage(LoadStageKind.Inject, rate, 0, TimeSpan.Zero)] };
    }

    private WorkloadOptions ReadWorkload(ParseResult parsed)
    {
        var kinds = Given(parsed, _size, _mix, _messages);
        AtMostOne(kinds);
        AtMostOne(Given(parsed, _users, _domains));
        var size = parsed.GetValue(_size) is { } text ? NodeOptionsParsing.Value("--size", text, ByteSize.Parse) : kinds.Count == 0 ? DefaultSize : (ByteSize?)null;
        return new WorkloadOptions
        {
            Size = size,
            Mix = parsed.GetValue(_mix),
            Messages = parsed.GetValue(_messages),
            Recipients = AtLeastOne("--recipients", parsed.GetValue(_recipients) ?? 1),
            Domains = AtLeastOne("--domains", parsed.GetValue(_domains) ?? 100),
            Suffix = parsed.GetValue(_suffix)!,
            Users = parsed.GetValue(_users) is { } users ? AtLeastOne("--users", users) : 0,
            Pipelining = IsOn("--pipelining", parsed.GetValue(_pipelining)!),
            Overlap = IsOn("--overlap", parsed.GetValue(_overlap)!),
            Chunking = IsOn("--chunking", parsed.GetValue(_chunking)!),
            Reuse = IsOn("--reuse", parsed.GetValue(_reuse)!),
            Seed = parsed.GetValue(_seed) ?? 1,
        };
    }

    private static List<string> Given(ParseResult parsed, params Option[] options) =>
        [.. options.Where(option => parsed.GetResult(option) is { Implicit: false }).Select(option => option.Name)];

    private static void AtMostOne(List<string> given)
    {
        if (given.Count > 1) throw new UsageException($"{string.Join(" and ", given)} contradict each other: give one of them.");
    }

    private static int AtLeastOne(string option, int value) => value >= 1 ? value : throw new UsageException($"{option}: {value} is too few; write 1 or more.");

    private static bool IsOn(string option, string text) => text.ToLowerInvariant() switch
    {
        "on" => true,
        "off" => false,
        _ => throw new UsageException($"{option}: '{text}' is neither on nor off."),
    };

    // A bare number is messages a second: what the contract's usage line shows as R.
    private static string WithUnit(string rate) => double.TryParse(rate, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _) ? rate + "/s" : rate;

    private static Option<string?> Text(string name, string value, string description) => new(name) { Description = description, HelpName = value };

    private static Option<int?> Number(string name, string description) => new(name) { Description = description, HelpName = "N" };

    private static Option<string> Switch(string name, string description, string otherwise = "on") => new(name) { Description = description, HelpName = "on|off", DefaultValueFactory = _ => otherwise };
}
