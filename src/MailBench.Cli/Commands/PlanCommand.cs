using System.CommandLine;
using System.Text.Json;
using MailBench.Analysis;
using MailBench.Analysis.Planning;
using MailBench.Cli.Hosting;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;
using MailBench.Reports;
using Spectre.Console;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench plan RUN --users N --poll D</c>: whether so many users are carried, as far as a run measured it.</summary>
internal static class PlanCommand
{
    /// <summary>As many users, and as long an interval, as a profile may have (users.count, users.interval).</summary>
    private const int MostUsers = 1_000_000;
    private const int MostProfileBytes = 4 << 20;
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(10), Longest = TimeSpan.FromDays(1);

    private const string Example = """
        $ mailbench plan results/examples/quickstart --users 300 --poll 1s
        au6ngwnr: user-space line (octets estimated) · synced on ext4 on vda · 3 to 12 s windows × 1 · 2 cores shared by all roles · quick
        • 300 users, a poll (delete over pop3) every 1s, a line of 10Mbit/s (33.3 kbit/s each): undecided. It lies between 200 and 400: 200, which were
            carried (199.5 of 199.9 polls/s, 95 % within 40.9 ms, none failed, 50 kbit/s of the line each, which was 83.1% busy; point 13); 400, which were not
            carried (166 of 400.6 polls/s, more than 5 % unfinished, none failed, 25 kbit/s of the line each, which was 100.0% busy, limited by line
            forward; point 14). Flagged: sync probe moved +32% during the run.
            measure it: mailbench run results/examples/quickstart/profile.yaml --sweep users --set users.count=300 --set users.interval=1s
        • the measured machine's limits allow it: 300 users connected at once would take 800 of 20,000 open files in the line's process, and 300 of its 28,232
            ports; they come from 2 client addresses
        verdict: undecided
        """;

    public static Command Create()
    {
        var run = new Argument<string>("RUN") { Description = "A run folder (its run.json suffices), or FOLDER#SUT: only its points of that sweep, system or swept value." };
        var users = new Option<int?>("--users") { Description = "How many users there are.", HelpName = "N" };
        var poll = new Option<string?>("--poll") { Description = "How often each of them polls, for example 5m.", HelpName = "D" };
        var line = new Option<string?>("--line") { Description = "The line's capacity (10Mbit/s; 10Mbit/s/1Mbit/s: toward the users, toward the server; unlimited); unless said, each that the run has.", HelpName = "RATE" };
        var protocol = new Option<string?>("--protocol") { Description = "What the users speak; unless said, each that the run has.", HelpName = "pop3|imap" };
        protocol.AcceptOnlyFromAmong("pop3", "imap");
        var within = new Option<string?>("--within") { Description = "Response that 95 % of the polls must keep; unless said, the run's own users.within.", HelpName = "D" };
        var extrapolate = new Option<bool>("--extrapolate") { Description = "Beyond what was measured answer from what a poll needs, by an interval and marked extrapolated, instead of refusing. The exit code is then that answer's: who asks for it has said that it will do." };
        var format = new Option<string>("--format") { Description = "Sentences, or the plan as JSON and nothing else.", DefaultValueFactory = _ => "text", HelpName = "text|json" };
        format.AcceptOnlyFromAmong("text", "json");
        var command = new Command("plan", "Ask a run whether so many users are carried, as far as it measured that. Exit code: 0 carried, 1 not carried, 3 undecided or refused.")
        {
            run, users, poll, line, protocol, within, extrapolate, format,
        };
        command.WithExample(Example);
        command.SetAction(parsed =>
        {
            var reference = RunReference.Parse(parsed.GetRequiredValue(run));
            var capacity = parsed.GetValue(line) is { } written ? NodeOptionsParsing.Value("--line", written, LineCapacity.Parse) : (LineCapacity?)null;
            var question = new CapacityQuestion
            {
                Users = Users(parsed.GetValue(users)),
                IntervalSeconds = Interval("--poll", parsed.GetValue(poll) ?? throw new UsageException("--poll is missing: how often does each user poll? For example --poll 5m.")).TotalSeconds,
                CapacityBitsPerSecond = capacity?.Forward.BitsPerSecond,
                ReverseBitsPerSecond = capacity?.Reverse.BitsPerSecond,
                Protocol = parsed.GetValue(protocol),
                Sut = reference.Sut,
                WithinMs = parsed.GetValue(within) is { } bound ? Interval("--within", bound).TotalMilliseconds : null,
                Extrapolate = parsed.GetValue(extrapolate),
            };
            return Answer(reference.Folder, question, parsed.GetValue(format) == "json");
        });
        return command;
    }

    private static int Answer(RunFolder folder, CapacityQuestion question, bool json)
    {
        var summary = RecordedRun.ReadSummary(folder);
        var plan = CapacityDecision.Of(summary, question, RunAgain(folder, summary));
        if (json) Console.Out.WriteLine(JsonSerializer.Serialize(plan, RecordJson.Indented));
        else PlanText.Print(plan, AnsiConsole.Console);
        return plan.Verdict switch
        {
            CapacityVerdict.Carried => ExitCode.Good,
            CapacityVerdict.NotCarried => ExitCode.Bad,
            _ => ExitCode.Void,
        };
    }

    /// <summary>The resolved profile in the folder is what ran; where it was not kept, is of another version of this program, or names mail that lies beside the original, the command that the run was made by.</summary>
    private static string RunAgain(RunFolder folder, RunSummary summary)
    {
        if (!File.Exists(folder.Profile) || new FileInfo(folder.Profile).Length > MostProfileBytes) return summary.Command;
        var text = File.ReadAllText(folder.Profile);
        if (text.Contains("messages: \"", StringComparison.Ordinal)) return summary.Command;
        try
        {
            ProfileReader.Read(text, folder.Profile);
        }
        catch (ProfileException)
        {
            // Whoever runs it would be told what is wrong with it; the command that made it is the better advice.
            return summary.Command;
        }

        return $"mailbench run {ShellWord.Of(Path.GetRelativePath(".", folder.Profile))}";
    }

    private static int Users(int? users) => users switch
    {
        null => throw new UsageException("--users is missing: how many users are there?"),
        >= 1 and <= MostUsers => users.Value,
        _ => throw new UsageException($"--users {users}: write a number of users from 1 to {MostUsers:#,0}."),
    };

    private static TimeSpan Interval(string option, string text) => NodeOptionsParsing.Time(option, text, Shortest, Longest);
}
