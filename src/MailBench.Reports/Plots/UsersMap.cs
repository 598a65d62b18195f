using MailBench.Model.Records;

namespace MailBench.Reports.Plots;

/// <summary>A measured cell: repetitions by their worst p95 and mean share of the offered polls. Predicted: users that the line alone would carry.</summary>
internal sealed record UsersCell(int Column, double Interval, double P95, double Share, double? Predicted, long Failed, double? Kbit);

/// <summary>
/// What a heat map of users shows: intervals as rows, and as columns numbers of users, through one line; or lines, where all points have the same number of users.
/// </summary>
internal sealed class UsersMap
{
    private UsersMap(string name, string title, string columnAxis, IReadOnlyList<string> columns, IReadOnlyList<UsersCell> cells) => (Name, Title, ColumnAxis, Columns, Cells) = (name, title, columnAxis, columns, cells);

    public string Name { get; }

    public string Title { get; }

    public string ColumnAxis { get; }

    public IReadOnlyList<string> Columns { get; }

    public IReadOnlyList<UsersCell> Cells { get; }

    /// <summary>Numbers of users by column; null: columns are lines.</summary>
    public IReadOnlyList<int>? Users { get; private init; }

    public string Alt => string.Join("; ", Cells.Select(c =>
        $"{Columns[c.Column]}, every {Say.Interval(c.Interval)}: p95 {Say.Ms(c.P95)}, {Say.Percent(c.Share)} of the polls, {Say.Number(c.Failed)} failed{(c.Kbit is { } kbit ? $", {Say.Number(kbit)} kbit/s a user" : "")}"));

    public static IEnumerable<UsersMap> Of(RunSummary run)
    {
        var points = run.Points.Where(IsShown).ToList();
        var lines = points.Select(p => p.CapacityBitsPerSecond).Distinct().Order().ToList();
        var users = points.Select(p => p.Users!.Value).Distinct().Order().ToList();
        if (lines.Count > 1 && users.Count == 1)
        {
            yield return new UsersMap("users-lines", $"{Say.Number(users[0])} users and how often they poll, by line", "line", [.. lines.Select(Say.Capacity)], CellsOf(points, p => lines.IndexOf(p.CapacityBitsPerSecond)));
            yield break;
        }

        foreach (var line in lines)
        {
            var through = points.Where(p => p.CapacityBitsPerSecond == line).ToList();
            var numbers = through.Select(p => p.Users!.Value).Distinct().Order().ToList();
            yield return new UsersMap($"users-{line}", $"Users and how often they poll, {Say.Capacity(line)}", "users", [.. numbers.Select(n => $"{Say.Number(n)} users")], CellsOf(through, p => numbers.IndexOf(p.Users!.Value))) { Users = numbers };
        }
    }

    private static bool IsShown(PointSummary p) =>
        !p.Void && p is { Users: not null, IntervalSeconds: not null, Polls: { Steps.Count: 0, PerSecond: not null, OfferedPerSecond: > 0 } } && p.Latencies.ContainsKey("response");

    private static List<UsersCell> CellsOf(IEnumerable<PointSummary> points, Func<PointSummary, int> column) =>
    [
        .. points.GroupBy(p => (Column: column(p), p.IntervalSeconds)).Select(g => new UsersCell(
            g.Key.Column, g.Key.IntervalSeconds!.Value, g.Max(p => p.Latencies["response"].P95), g.Average(p => Math.Min(1, p.Polls!.PerSecond!.Value / p.Polls.OfferedPerSecond)), g.First().Polls!.PredictedUsers,
            g.Sum(p => p.Polls!.Failed), g.First().Polls!.KbitPerUser)),
    ];
}
