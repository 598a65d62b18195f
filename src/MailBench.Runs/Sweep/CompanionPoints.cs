using System.Globalization;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;

namespace MailBench.Runs.Sweep;

/// <summary>
/// The points that <c>confirm: on</c> sets beside each saturated one (method: bottleneck; run conditions). They follow from settings alone: what limits the point is not known before it has run, and is the analysis's to
/// say. A companion is of its origin's sweep, so that it takes its turn in the same shuffled blocks.
/// </summary>
internal static class CompanionPoints
{
    /// <summary>The method's "25 % more" of a resource, and "+20 %" of the testbed's CPU.</summary>
    private const double More = 1.25;
    private const double MoreBurden = 0.20;

    /// <summary>Numbered from the last of <paramref name="points"/> on, so that those keep the numbers that they have without.</summary>
    public static IReadOnlyList<PointPlan> Of(IReadOnlyList<PointPlan> points)
    {
        var companions = new List<PointPlan>();
        foreach (var origin in points.Where(point => point.Settings.IsSaturated()))
            foreach (var (change, settings) in Changes(origin))
                if (settings.Count > 0) companions.Add(Beside(origin, change, settings, points.Count + companions.Count + 1));
        return companions;
    }

    private static IEnumerable<(CompanionChange Change, IReadOnlyList<KeyValuePair<string, string>> Settings)> Changes(PointPlan origin)
    {
        yield return (CompanionChange.Line, Line(origin.Settings));
        // Of the others it is their own configuration's, of which the plan knows nothing.
        if (origin.System.Kind == SystemKind.Mailbench) yield return (CompanionChange.Sessions, Sessions(origin.Settings));
        yield return (CompanionChange.Testbed, Set("testbed.burden", SettingForm.FormatShare(origin.Settings.Burden() + MoreBurden)));
    }

    private static IReadOnlyList<KeyValuePair<string, string>> Line(SettingValues settings)
    {
        var capacity = settings.Capacity("line.capacity");
        return capacity.IsUnlimited ? [] : Set("line.capacity", new LineCapacity(Wider(capacity.Forward), Wider(capacity.Reverse)).ToString());

        static BitRate Wider(BitRate rate) => new((long)(rate.BitsPerSecond * More));
    }

    /// <summary>Out and in together, as far as the MTA lets them in: sessions out that are all busy have enough to do, so that more sessions in hide nothing.</summary>
    private static IReadOnlyList<KeyValuePair<string, string>> Sessions(SettingValues settings)
    {
        var admitted = Math.Min(settings.Integer("mta.maxSessionsIn"), settings.Integer("mta.maxSessionsPerClient"));
        var into = Math.Max(settings.Integer("load.sessions"), Math.Min(Wider("load.sessions"), admitted));
        var (bySite, inAll) = (Set("mta.sessionsPerSite", Written(Wider("mta.sessionsPerSite"))), Set("mta.sessionsOut", Written(Wider("mta.sessionsOut"))));
        return bySite.Count == 0 || inAll.Count == 0 ? [] : [.. bySite, .. inAll, .. Set("load.sessions", Written(into))];

        int Wider(string path) => (int)Math.Ceiling(settings.Integer(path) * More);

        static string Written(int sessions) => sessions.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The value in its canonical form, or nothing where it is more than a profile may set: then there is no such companion.</summary>
    private static IReadOnlyList<KeyValuePair<string, string>> Set(string path, string value) =>
        SettingForm.Canonical(SettingsTable.Get(path), value, out _) is { } canonical ? [new(path, canonical)] : [];

    private static PointPlan Beside(PointPlan origin, CompanionChange change, IReadOnlyList<KeyValuePair<string, string>> settings, int number)
    {
        var axes = new Dictionary<string, string>(origin.Planned.Axes);
        foreach (var (path, value) in settings) axes[path] = value;
        var planned = settings.Aggregate(SettingValues.From(origin.Planned.Settings), (values, pair) => values.With(pair.Key, pair.Value));
        return origin with
        {
            Planned = new PlannedPoint(number, origin.Planned.Sweep, axes, planned.ToDictionary()) { Companion = new Companion(origin.Number, change) },
            Settings = settings.Aggregate(origin.Settings, (values, pair) => values.With(pair.Key, pair.Value)),
        };
    }
}
