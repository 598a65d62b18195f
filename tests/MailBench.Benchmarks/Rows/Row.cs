using System.Globalization;

namespace MailBench.Benchmarks.Rows;

/// <summary>
/// One row of the tables that INTERNALS.md keeps of the peers and of the core: a command that measures what the row claims, in alternating rounds, and prints each round, the medians and the ratios. Each role is
/// a process of its own, so that its CPU time is its own.
/// </summary>
internal sealed record Row(string Name, Action<RowOptions> Measure)
{
    private static readonly Row[] All =
    [
        new("peers", PeersRow.Measure),
        new("source-cpu", SourceCpuRow.Measure),
        new("dns", DnsRow.Measure),
        new("lateness", LatenessRow.Measure),
        new("line", LineRow.Measure),
        new("core", CoreRow.Measure),
        new("acceptance", AcceptanceRow.Measure),
        new("million", MillionRow.Measure),
        new("arsoft-server", ArsoftServer.Serve),
    ];

    public static Row? Find(string name) => All.FirstOrDefault(row => row.Name == name);

    public int Run(RowOptions options)
    {
        try
        {
            Measure(options);
            return 0;
        }
        catch (YardstickMissingException missing)
        {
            Console.Error.WriteLine(missing.Message);
            return 4;
        }
    }
}

/// <summary><c>--name value</c> pairs of a row's command line.</summary>
internal sealed class RowOptions(string[] arguments)
{
    public string? Text(string name)
    {
        var at = Array.IndexOf(arguments, $"--{name}");
        return at < 0 || at + 1 == arguments.Length ? null : arguments[at + 1];
    }

    public double Number(string name, double otherwise) => Text(name) is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    public int Rounds => (int)Number("rounds", 3);

    public TimeSpan Seconds(string name, double otherwise) => TimeSpan.FromSeconds(Number(name, otherwise));
}

/// <summary>What a row is measured against is not on this machine; the message says how to get it.</summary>
internal sealed class YardstickMissingException(string message) : Exception(message);
