using System.Globalization;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;

namespace MailBench.Analysis.Figures;

/// <summary>The settings of a planned point that figures depend on, read from its resolved path → value table.</summary>
public sealed class PointSettings(PlannedPoint point)
{
    public BitRate Forward => Capacity.Forward;
    public BitRate Reverse => Capacity.Reverse;
    public bool HasLine => !Forward.IsUnlimited;
    public string Strategy => Text("mta.strategy") ?? "unknown";
    public string LoadModel => Text("load.model") ?? "unknown";
    public int? RecipientsPerMessage => Number("workload.recipients");
    public int? Domains => Number("dns.domains");
    public int? MxHosts => Number("dns.mx");
    public int? HostsPerDomain => Number("dns.perDomain");
    public int? RecipientsPerTransaction => Number("mta.recipientsPerTransaction");
    public int? SessionsOut => Number("mta.sessionsOut");
    public int? SessionsPerSite => Number("mta.sessionsPerSite");
    public int? Users => Number("users.count");
    public double? IntervalSeconds => Duration.TryParse(Text("users.interval"), out var interval) ? interval.TotalSeconds : null;
    public double WithinMs => Duration.TryParse(Text("users.within"), out var within) ? within.TotalMilliseconds : 5000;
    public bool FindsKnee => Text("users.find") == "knee";
    public int? UserSessions => Number("users.sessions");
    public int? BacklogRecipients => Number("load.backlog");

    /// <summary>CPU that source and sink wasted, as a share of what they used.</summary>
    public double Burden => Share("testbed.burden", 0);
    public string Workload => Text("workload.messages") is { Length: > 0 } real ? $"real mail ({real})" : Text("workload.mix") is { Length: > 0 } mix ? mix : Text("workload.size") ?? "unknown";

    public GateSettings Gates => new(
        double.TryParse(Text("gates.ceiling"), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var ceiling) ? ceiling : 1.5,
        Duration.TryParse(Text("gates.lateness"), out var lateness) ? lateness.TotalMilliseconds : 1,
        Share("gates.latenessShare", 0.10), Share("gates.steal", 0.02), Share("gates.probeDrift", 0.10), Share("gates.memoryGrowth", 0));

    /// <summary>The point's trials are the tries of a search for the sustainable rate.</summary>
    public bool FindsSustainable => point.FindsSustainable;

    public double Resolution => Share("load.resolution", 0.05);

    /// <summary>When a try of the search is carried; the method's values unless said.</summary>
    public SearchCriteria Criteria => new(Milliseconds("criteria.accepted", 5_000), Milliseconds("criteria.delivered", 60_000), Share("criteria.errors", 0.01), Share("criteria.backlog", 0.01));

    /// <summary>The share of what a sweep measured that the point's one rate asks for; null: its rate is absolute, or changes.</summary>
    public double? OfferedShare => !FindsSustainable && OfferedRate.TryParse(Text("load.rate"), out var rate) && rate.Sweep is not null ? rate.Share : null;

    /// <summary>The sweep of which the point's rates are shares; null: its rates are absolute.</summary>
    public string? BaseSweep => LoadModel != "open" ? null
        : SettingForm.Items(Text("load.stages") ?? "") is { Count: > 0 } stages ? stages.Select(text => LoadStageText.TryParse(text, out var stage) ? stage.Offered.Sweep : null).FirstOrDefault(sweep => sweep is not null)
        : OfferedRate.TryParse(Text("load.rate"), out var rate) ? rate.Sweep : null;

    /// <summary>The receivers defer mail: a rule of theirs answers with a code of 4xx.</summary>
    public bool DefersMail => SettingForm.Items(Text("sink.refuse") ?? "").Any(rule => rule.Split(':') is [_, ['4', ..], ..]);

    public string? Text(string path) => point.Settings.GetValueOrDefault(path);

    /// <summary>Unlimited where none can be read.</summary>
    private LineCapacity Capacity => LineCapacity.TryParse(Text("line.capacity"), out var capacity) ? capacity : default;

    private double Milliseconds(string path, double otherwise) => Duration.TryParse(Text(path), out var span) ? span.TotalMilliseconds : otherwise;

    private double Share(string path, double otherwise) => SettingForm.TryShare(Text(path) ?? "", out var share) ? share : otherwise;

    private int? Number(string path) => int.TryParse(Text(path), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;
}

/// <summary>The bounds of gates that a profile may set (its <c>gates:</c> section; the method's values unless said).</summary>
public sealed record GateSettings(double Ceiling, double LatenessMs, double LatenessShare, double Steal, double ProbeDrift, double MemoryGrowth);
