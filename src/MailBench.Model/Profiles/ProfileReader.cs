using System.Globalization;
using MailBench.Model.Options;

namespace MailBench.Model.Profiles;

/// <summary>
/// Reads a profile strictly against the <see cref="SettingsTable"/>. All faults are gathered (twenty at most) and thrown as one <see cref="ProfileException"/>: file, line, path, what is
/// expected, and the nearest known key for an unknown one.
/// </summary>
public sealed partial class ProfileReader
{
    private const int MaxErrors = 20;

    private readonly string _file;
    private readonly List<ProfileError> _errors = [];

    private ProfileReader(string file) => _file = file;

    /// <summary>Reads a profile and lays <paramref name="overrides"/> (<c>PATH=VALUE</c>, from <c>--set</c>) over it; they win over sweeps, too.</summary>
    public static Profile Read(string yaml, string fileName, IEnumerable<string>? overrides = null)
    {
        var reader = new ProfileReader(fileName);
        var profile = reader.ReadProfile(YamlTree.Read(yaml, fileName));
        reader.ThrowIfWrong();
        foreach (var assignment in overrides ?? []) profile = ProfileOverride.Apply(profile, assignment);
        return profile;
    }

    /// <summary>Reads the <c>mta:</c> section, for <c>mta --config FILE</c>: the section alone, or under its key <c>mta</c>, with or without <c>version</c>.</summary>
    public static MtaSettings ReadMtaSettings(string yaml, string fileName)
    {
        var reader = new ProfileReader(fileName);
        var tree = YamlTree.Read(yaml, fileName);
        var wrapped = tree is YamlMap map && map.Entries.Any(entry => entry.Key.Text == "mta");
        var assignments = new List<KeyValuePair<string, string>>();
        if (wrapped)
        {
            foreach (var entry in ((YamlMap)tree).Entries)
            {
                if (entry.Key.Text == "version") reader.CheckVersion(entry);
                else if (entry.Key.Text == "mta") reader.ReadSection("mta", entry.Value, assignments);
                else reader.Fault(entry.Key, $"'{entry.Key.Text}' does not belong here; this file holds the mta: section of a profile.");
            }
        }
        else reader.ReadSection("mta", tree, assignments);

        reader.ThrowIfWrong();
        try
        {
            return assignments.Aggregate(SettingValues.Defaults, (values, pair) => values.With(pair.Key, pair.Value)).ToMtaSettings();
        }
        catch (FormatException wrong)
        {
            throw new ProfileException(fileName, wrong.Message);
        }
    }

    private Profile ReadProfile(YamlTree tree)
    {
        if (tree is not YamlMap map) throw new ProfileException(YamlTree.At(_file, tree.Line), "a profile is a mapping that begins with 'version: 1'.");
        var assignments = new List<KeyValuePair<string, string>>();
        IReadOnlyList<Sweep> sweeps = [];
        if (map.Entries.FirstOrDefault(entry => entry.Key.Text == "version") is not { } version)
            Fault(map, $"'version' is missing; a profile begins with 'version: {Profile.CurrentVersion}'.");
        else CheckVersion(version);
        if (map.Entries.FirstOrDefault(entry => entry.Key.Text == "systems") is { } systems) ReadSystems(systems.Value);
        foreach (var entry in map.Entries)
        {
            if (entry.Key.Text is "version" or "systems") continue;
            if (entry.Key.Text == "sweeps") sweeps = ReadSweeps(entry.Value);
            else ReadEntry("", entry, assignments, ["version", "systems", "sweeps"]);
        }

        RefuseRivals(assignments, tree);
        var settings = assignments.Aggregate(SettingValues.Defaults, (values, pair) => values.With(pair.Key, pair.Value));
        return new Profile { File = _file, Settings = settings, Sweeps = sweeps, Systems = _systems };
    }

    private void CheckVersion(YamlEntry entry)
    {
        if (entry.Value is not YamlScalar scalar || !int.TryParse(scalar.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var version) || version < 1)
            Fault(entry.Value, $"version: expected {Profile.CurrentVersion}, found {Found(entry.Value)}.");
        else if (version > Profile.CurrentVersion)
            throw new ProfileException(YamlTree.At(_file, entry.Key.Line),
                $"version {version} needs a newer MailBench; this one ({typeof(ProfileReader).Assembly.GetName().Version?.ToString(3)}) reads profiles up to version {Profile.CurrentVersion}.");
    }

    private void ReadSection(string section, YamlTree tree, List<KeyValuePair<string, string>> into)
    {
        if (tree is YamlScalar { Text: "" }) return;
        if (tree is not YamlMap map)
        {
            Fault(tree, $"{section}: expected a mapping of settings ({string.Join(", ", SettingsTable.NamesIn(section))}), found {Found(tree)}.");
            return;
        }

        foreach (var entry in map.Entries) ReadEntry(section, entry, into, []);
    }

    private void ReadEntry(string section, YamlEntry entry, List<KeyValuePair<string, string>> into, string[] alsoKnown)
    {
        var path = section.Length == 0 ? entry.Key.Text : $"{section}.{entry.Key.Text}";
        if (SettingsTable.Find(path) is { } setting) ReadValue(setting, entry.Value, into);
        else if (SettingsTable.Sections.Contains(path)) ReadSection(path, entry.Value, into);
        else Fault(entry.Key, Unknown(section, entry.Key.Text, [.. SettingsTable.NamesIn(section), .. alsoKnown]));
    }

    private void ReadValue(Setting setting, YamlTree tree, List<KeyValuePair<string, string>> into)
    {
        var text = tree switch
        {
            YamlScalar scalar => scalar.Text,
            YamlList list when setting.Kind == SettingKind.List && list.Items.All(item => item is YamlScalar) => string.Join(SettingForm.ItemSeparator, list.Items.Select(item => ((YamlScalar)item).Text)),
            YamlMap map when setting.Kind == SettingKind.Capacity => Directions(map),
            _ => null,
        };
        if (text is { Length: > 0 } || (text is not null && setting.Kind == SettingKind.List))
        {
            if (SettingForm.Canonical(setting, text, out _) is { } canonical)
            {
                if (setting.Path == SystemPath && !IsSystem(canonical))
                {
                    Fault(tree, UnknownSystem(canonical, _systems));
                    return;
                }

                into.Add(new KeyValuePair<string, string>(setting.Path, canonical));
                return;
            }
        }

        Fault(tree, $"{setting.Path}: expected {SettingForm.Expected(setting)}, found {Found(tree)}.");
    }

    /// <summary><c>{forward: RATE, reverse: RATE}</c> as one text, or null.</summary>
    private static string? Directions(YamlMap map)
    {
        if (map.Entries.Count != 2) return null;
        var forward = map.Entries.FirstOrDefault(entry => entry.Key.Text == "forward")?.Value as YamlScalar;
        var reverse = map.Entries.FirstOrDefault(entry => entry.Key.Text == "reverse")?.Value as YamlScalar;
        return forward is null || reverse is null ? null : $"{forward.Text}/{reverse.Text}";
    }

    /// <summary>Settings that exclude each other must not be given side by side.</summary>
    private void RefuseRivals(IEnumerable<KeyValuePair<string, string>> assignments, YamlTree where)
    {
        foreach (var group in assignments.Select(pair => SettingsTable.Get(pair.Key)).Where(setting => setting.Group is not null).GroupBy(setting => setting.Group))
        {
            var paths = group.Select(setting => setting.Path).Distinct().ToArray();
            if (paths.Length > 1) Fault(where, $"{string.Join(" and ", paths)} exclude each other; give one of them.");
        }
    }

    private static string Unknown(string section, string name, IReadOnlyList<string> known)
    {
        var where = section.Length == 0 ? "" : $" in {section}";
        if (NearestName.Of(name, known) is { } nearest) return $"unknown key '{name}'{where}; did you mean '{nearest}'?";
        if (SettingsTable.All.FirstOrDefault(setting => setting.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } elsewhere)
            return $"unknown key '{name}'{where}; it belongs to '{elsewhere.Section}' ({elsewhere.Path}).";
        return $"unknown key '{name}'{where}; known here: {string.Join(", ", known)}.";
    }

    internal static string UnknownPath(string path)
    {
        var candidates = SettingsTable.All.Select(setting => setting.Path).ToArray();
        var nearest = NearestName.Of(path, candidates)
            ?? Array.Find(candidates, candidate => candidate.EndsWith("." + path, StringComparison.OrdinalIgnoreCase));
        if (nearest is not null) return $"unknown setting '{path}'; did you mean '{nearest}'?";
        return SettingsTable.Sections.Contains(path)
            ? $"'{path}' is a section; name one of its settings: {string.Join(", ", SettingsTable.NamesIn(path).Select(name => $"{path}.{name}"))}."
            : $"unknown setting '{path}'; settings are written SECTION.NAME, for example mta.strategy or line.capacity.";
    }

    private static string Found(YamlTree tree) => tree switch
    {
        YamlScalar { Text: "" } => "nothing",
        YamlScalar scalar => scalar.Text.Length <= 60 ? $"'{scalar.Text}'" : $"'{scalar.Text[..60]}…'",
        YamlList { Items.Count: 0 } => "an empty list",
        YamlList => "a list",
        _ => "a mapping",
    };

    private void Fault(YamlTree at, string sentence)
    {
        _errors.Add(new ProfileError(YamlTree.At(_file, at.Line), sentence));
        if (_errors.Count >= MaxErrors) ThrowIfWrong();
    }

    private void ThrowIfWrong()
    {
        if (_errors.Count > 0) throw new ProfileException([.. _errors]);
    }
}
