using System.Text.RegularExpressions;

namespace MailBench.Model.Profiles;

/// <summary>How a setting's value is written; <see cref="SettingForm"/> reads each kind.</summary>
public enum SettingKind
{
    Text, Integer, Number, Flag, Choice, Duration, Size,

    /// <summary><c>10Mbit/s</c>, <c>unlimited</c>, or both directions as <c>10Mbit/s/1Mbit/s</c> (in YAML also <c>{forward: …, reverse: …}</c>).</summary>
    Capacity,

    /// <summary><c>200/s</c>, or <c>70% of NAME</c>: a share of what the sweep NAME delivered at the same coordinates.</summary>
    OfferedRate,

    /// <summary><c>10%</c>.</summary>
    Share,

    /// <summary>A YAML sequence; as one text (<c>--set</c>, records) its items are joined by <c>"; "</c>.</summary>
    List,
}

/// <summary>
/// A row of the <see cref="SettingsTable"/>: everything that is known of one value of a profile. Validation, typed options, <c>--set</c>, sweep axes, the
/// resolved profile and the editor's schema all come from it.
/// </summary>
public sealed record Setting(string Path, SettingKind Kind, string? Default, string Doc)
{
    /// <summary>The values of a <see cref="SettingKind.Choice"/>.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Bounds, in the kind's base unit: seconds, octets, bits per second, 0–1 for shares; both are allowed values.</summary>
    public double Min { get; init; }
    public double Max { get; init; } = double.PositiveInfinity;

    /// <summary>What a text, or each item of a list, must look like; <see cref="Form"/> says it in words.</summary>
    public Regex? Pattern { get; init; }
    public string? Form { get; init; }

    /// <summary>Of the settings of a group only one holds: setting one clears the others.</summary>
    public string? Group { get; init; }

    /// <summary>False for what describes the run as a whole.</summary>
    public bool Sweepable { get; init; } = true;

    /// <summary><c>mta.retry</c> for <c>mta.retry.first</c>; empty at the top.</summary>
    public string Section => Path.LastIndexOf('.') is var dot and > 0 ? Path[..dot] : "";

    public string Name => Path[(Path.LastIndexOf('.') + 1)..];
}
