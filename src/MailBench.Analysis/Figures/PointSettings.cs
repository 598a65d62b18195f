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
    public string Workload => Text("workload.messages") is { Length: > 0 } real ? $"real mail ({real})" : Text("workload.mix") is { Length: > 0 } mix ? mix : Text("workload.size") ?? "unknown";

    public GateSettings Gates => new(
        double.TryParse(Text("gates.ceiling"), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var ceiling) ? ceiling : 1.5,
        Duration.TryParse(Text("gates.lateness"), out var lateness) ? lateness.TotalMilliseconds : 1,
        Share("gates.latenessShare", 0.10), Share("gates.steal", 0.02), Share("gates.probeDrift", 0.10), Share("gates.memoryGrowth", 0));

    public string? Text(string path) => point.Settings.GetValueOrDefault(path);

    /// <summary>Unlimited where none can be read.</summary>
    private LineCapacity Capacity => LineCapacity.TryParse(Text("line.capacity"), out var capacity) ? capacity : default;

    private double Share(string path, double otherwise) => SettingForm.TryShare(Text(path) ?? "", out var share) ? share : otherwise;

    private int? Number(string path) => int.TryParse(Text(path), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;
}

/// <summary>The bounds of gates that a profile may set (its <c>gates:</c> section; the method's values unless said).</summary>
public sealed record GateSettings(double Ceiling, double LatenessMs, double LatenessShare, double Steal, double ProbeDrift, double MemoryGrowth);
