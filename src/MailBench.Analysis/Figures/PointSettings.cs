using System.Globalization;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;

namespace MailBench.Analysis.Figures;

/// <summary>The settings of a planned point that figures depend on, read from its resolved path → value table.</summary>
public sealed class PointSettings(PlannedPoint point)
{
    public BitRate Forward => Capacity(0);
    public BitRate Reverse => Capacity(1);
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
    public int? BacklogRecipients => Number("load.backlog");
    public string Workload => Text("workload.messages") is { Length: > 0 } real ? $"real mail ({real})" : Text("workload.mix") is { Length: > 0 } mix ? mix : Text("workload.size") ?? "unknown";

    public GateSettings Gates => new(
        double.TryParse(Text("gates.ceiling"), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var ceiling) ? ceiling : 1.5,
        Duration.TryParse(Text("gates.lateness"), out var lateness) ? lateness.TotalMilliseconds : 1,
        Share("gates.latenessShare", 0.10), Share("gates.steal", 0.02), Share("gates.probeDrift", 0.10));

    public string? Text(string path) => point.Settings.GetValueOrDefault(path);

    private double Share(string path, double otherwise) => SettingForm.TryShare(Text(path) ?? "", out var share) ? share : otherwise;

    private int? Number(string path) => int.TryParse(Text(path), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary><c>10Mbit/s</c> or <c>FORWARD/REVERSE</c> as <c>8Mbit/s/1Mbit/s</c>.</summary>
    private BitRate Capacity(int direction)
    {
        var text = Text("line.capacity");
        if (text is null) return BitRate.Unlimited;
        if (BitRate.TryParse(text, out var both)) return both;
        var cut = text.IndexOf("/s/", StringComparison.Ordinal);
        if (cut < 0) return BitRate.Unlimited;
        return BitRate.TryParse(direction == 0 ? text[..(cut + 2)] : text[(cut + 3)..], out var one) ? one : BitRate.Unlimited;
    }
}

/// <summary>The bounds of gates that a profile may set (its <c>gates:</c> section; the method's values unless said).</summary>
public sealed record GateSettings(double Ceiling, double LatenessMs, double LatenessShare, double Steal, double ProbeDrift);
