using MailBench.Analysis.Figures;
using MailBench.Analysis.Verdicts;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;

namespace MailBench.Analysis.Planning;

/// <summary>Points about users that differ in nothing but number of users, interval and line: only these may answer together.</summary>
internal sealed class UsersVariant
{
    private const string Unknown = "unknown";

    private UsersVariant(IReadOnlyList<PointSummary> points) => Points = points;

    public IReadOnlyList<PointSummary> Points { get; }

    /// <summary><c>pop3</c> or <c>imap</c>; <c>unknown</c> where no server lived to tell.</summary>
    public string Protocol => Points.Select(point => point.Features.GetValueOrDefault("protocol")).FirstOrDefault(protocol => protocol is not null) ?? Unknown;

    /// <summary>Demands are those of an even flow only where users come at moments of their own.</summary>
    public bool AllAtOnce => Points[0].Polls!.AllAtOnce;

    /// <summary>Users hold their sessions: then a session lasts an interval, whatever that is.</summary>
    public bool HoldsSessions => Points[0].Polls!.Action == "idle";

    /// <summary><c>delete over pop3</c>, with other swept values behind it.</summary>
    public string Name
    {
        get
        {
            var others = Points.Select(UsersSentences.OtherAxes).FirstOrDefault(text => text.Length > 0);
            return $"{Points[0].Polls!.Action}{(Protocol == Unknown ? "" : $" over {Protocol}")}{(AllAtOnce ? ", all at once" : "")}{(others is null ? "" : $", {others}")}";
        }
    }

    public IEnumerable<LineCapacity> Lines => Points.Select(LineOf).Distinct().OrderBy(line => line.Forward).ThenBy(line => line.Reverse);

    /// <param name="points">Points about users.</param>
    /// <param name="byBound">Points that ask for different response times judge by different bounds, and are kept apart; not where the question brings its own.</param>
    public static IReadOnlyList<UsersVariant> Of(IEnumerable<PointSummary> points, bool byBound) =>
        [.. points.GroupBy(point => (Setup(point), byBound ? point.Polls!.WithinMs : 0)).Select(same => new UsersVariant([.. same]))];

    /// <summary>Of a void point without figures: what its axes or its like say.</summary>
    public LineCapacity LineOf(PointSummary point) =>
        Known(point) ?? Points.Where(other => other.CapacityBitsPerSecond == point.CapacityBitsPerSecond).Select(Known).FirstOrDefault(line => line is not null)
        ?? new LineCapacity(new BitRate(point.CapacityBitsPerSecond), new BitRate(point.CapacityBitsPerSecond));

    private static LineCapacity? Known(PointSummary point)
    {
        if (point.Axes.TryGetValue("line.capacity", out var written) && LineCapacity.TryParse(written, out var swept)) return swept;
        return point.Utilisations.Concat(point.Polls!.RoomyDemands).FirstOrDefault(row => row.Resource == Utilisations.LineReverse)?.Capacity is { } reverse
            ? new LineCapacity(new BitRate(point.CapacityBitsPerSecond), new BitRate((long)reverse))
            : null;
    }

    /// <summary>A record without a digest is of an older program: within one sweep, only axes differ.</summary>
    private static string Setup(PointSummary point) => point.Polls!.Setup ?? $"{point.Sweep}\n{point.Polls.Action}\n{point.Polls.AllAtOnce}\n{UsersSentences.OtherAxes(point)}";
}
