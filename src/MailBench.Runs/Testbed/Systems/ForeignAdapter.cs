using MailBench.Model.Profiles;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>What MailBench knows of any kind of foreign program that it starts: whether it is here, and which of its settings a profile may change.</summary>
internal abstract class ForeignAdapter
{
    public abstract SystemKind Kind { get; }

    /// <summary>The sentence that says what is not installed and how to get it, or null.</summary>
    public abstract string? Missing(MailSystem system);

    /// <summary>Its version as its authors write it, and the root that it is found in; null when it is not here.</summary>
    public abstract (string Version, string Root)? Found(MailSystem system);

    /// <summary>Why the system's own settings cannot be taken (one that is the testbed's, one that is unknown), or null. Pure.</summary>
    public abstract string? Refusal(MailSystem system);

    /// <summary>Settings that differ from its authors' defaults, by variant and then by the profile, the later winning.</summary>
    internal static IReadOnlyDictionary<string, string> Effective(MailSystem system, IReadOnlyList<TunedSetting> tuned)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        if (system.Variant == SystemVariant.Tuned)
            foreach (var (key, value, _) in tuned) settings[key] = value;
        foreach (var (key, value) in system.Settings) settings[key] = value;
        return settings;
    }

    /// <summary>How every feature vector tells its variant and what differs by it.</summary>
    protected static IEnumerable<(string Axis, string Value)> Variant(MailSystem system, IReadOnlyDictionary<string, string> set) =>
    [
        ("variant", system.Variant == SystemVariant.Tuned ? "tuned" : "as shipped"),
        ("settings", set.Count == 0 ? "none" : string.Join(", ", set.Select(pair => $"{pair.Key}={pair.Value}"))),
    ];
}
