using System.Text.RegularExpressions;
using Xunit;

namespace MailBench.Architecture;

/// <summary>Walls inside projects and rules of the house that only the source shows.</summary>
public sealed partial class SourceTests
{
    private static readonly string Root = FindRoot();

    public static TheoryData<string, string> Walls => new()
    {
        // Scheduling and Batching are pure: simulated in virtual time, so no sockets, files, threads, tasks or clocks.
        { "src/MailBench.Mta/Scheduling", @"System\.Net\.Sockets|System\.IO|System\.Threading|MailBench\.Transport|\basync\b|\bTask\b|TimeProvider|MonotonicClock\.NowNs" },
        { "src/MailBench.Mta/Batching", @"System\.Net\.Sockets|System\.IO|System\.Threading|MailBench\.Transport|\basync\b|\bTask\b|TimeProvider|MonotonicClock\.NowNs" },
        // The wire is octets in, calls and octets out.
        { "src/MailBench.Wire", @"\bSocket\b|TcpClient|UdpClient|System\.Threading|\basync\b|TimeProvider|Stopwatch" },
        // The queue stores envelopes; it speaks no SMTP and dials nobody.
        { "src/MailBench.Mta/Queue", @"System\.Net\.Sockets|MailBench\.Transport|SmtpServerMachine|SmtpClientMachine|SmtpReply" },
        { "src/MailBench.Analysis", @"TimeProvider|MonotonicClock\.NowNs|\basync\b|Process\b\." },
    };

    [Theory]
    [MemberData(nameof(Walls))]
    public void A_wall_stands(string folder, string forbidden)
    {
        var pattern = new Regex(forbidden, RegexOptions.None, TimeSpan.FromSeconds(5));
        var broken = Sources(folder).SelectMany(file => Code(file).Where(line => pattern.IsMatch(line.Text)).Select(line => $"{Path.GetRelativePath(Root, file)}:{line.Number}: {line.Text.Trim()}"));
        Assert.Empty(broken);
    }

    [Fact]
    public void Nothing_is_left_open_in_the_code()
    {
        var open = Sources("src").SelectMany(file => File.ReadLines(file).Select((text, i) => (text, i)).Where(l => LeftOpen().IsMatch(l.text)).Select(l => $"{file}:{l.i + 1}: {l.text.Trim()}"));
        Assert.Empty(open);
    }

    [Fact]
    public void A_message_s_way_and_a_run_s_way_each_fit_one_screen()
    {
        foreach (var flow in new[] { "src/MailBench.Mta/MessageFlow.cs", "src/MailBench.Runs/RunFlow.cs" })
            Assert.InRange(Code(Path.Combine(Root, flow)).Count(line => line.Text.Trim().Length > 1 && !line.Text.StartsWith("using", StringComparison.Ordinal)), 20, 90);
    }

    private static IEnumerable<string> Sources(string folder) => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal) && !file.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    private static IEnumerable<(int Number, string Text)> Code(string file) =>
        File.ReadLines(file).Select((text, i) => (i + 1, text)).Where(line => !line.text.TrimStart().StartsWith("//", StringComparison.Ordinal));

    private static string FindRoot()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "MailBench.sln"))) return at.FullName;
        throw new InvalidOperationException("MailBench.sln is not above the test's folder.");
    }

    [GeneratedRegex(@"\bTODO\b|\bFIXME\b|NotImplementedException|throw new NotSupportedException\(\)")]
    private static partial Regex LeftOpen();
}
