using System.Globalization;
using System.Text;
using MailBench.Model.Units;

namespace MailBench.Model.Profiles;

/// <summary>Writes a profile back as YAML: every setting with its value, defaults included. Reading it gives the same points.</summary>
public static class ProfileText
{
    public static string Write(Profile profile)
    {
        var text = new StringBuilder("# Resolved: defaults and --set are written out.\n");
        text.Append(CultureInfo.InvariantCulture, $"version: {Profile.CurrentVersion}\n");
        var settings = profile.Settings.Find("name") is null ? profile.Settings.With("name", profile.Name) : profile.Settings;
        WriteSection(text, settings, "", 0);
        if (profile.Systems.Count > 0) text.Append("systems:\n");
        foreach (var system in profile.Systems) WriteSystem(text, system);
        if (profile.Sweeps.Count == 0) return text.ToString();
        text.Append("sweeps:\n");
        foreach (var sweep in profile.Sweeps) WriteSweep(text, sweep);
        return text.ToString();
    }

    /// <summary>One section alone, for example <c>mta</c>, as <c>mta --config</c> reads it.</summary>
    public static string WriteSection(SettingValues settings, string section)
    {
        var text = new StringBuilder();
        WriteSection(text, settings, section, 0);
        return text.ToString();
    }

    private static void WriteSection(StringBuilder text, SettingValues settings, string section, int indent)
    {
        foreach (var name in SettingsTable.NamesIn(section))
        {
            var path = section.Length == 0 ? name : $"{section}.{name}";
            if (SettingsTable.Find(path) is not { } setting)
            {
                text.Append(' ', indent).Append(name).Append(":\n");
                WriteSection(text, settings, path, indent + 2);
            }
            else if (settings.Find(path) is { } value) text.Append(' ', indent).Append(name).Append(": ").Append(Value(setting, value)).Append('\n');
        }
    }

    private static void WriteSystem(StringBuilder text, MailSystem system)
    {
        text.Append("  ").Append(system.Name).Append(": {kind: ").Append(Kebab.Format(system.Kind));
        if (system.IsForeign)
        {
            if (system.IsEnclosed) text.Append(", variant: ").Append(Kebab.Format(system.Variant));
            text.Append(", optional: ").Append(system.Optional ? "on" : "off");
            if (system.Root is { } root) text.Append(", root: ").Append(Quoted(root));
            if (system.At is { } at) text.Append(", at: ").Append(Quoted(at));
            if (system.Settings.Count > 0) text.Append(", settings: {").AppendJoin(", ", system.Settings.Select(pair => $"{pair.Key}: {Quoted(pair.Value)}")).Append('}');
        }

        if (system.Set.Count > 0) text.Append(", set: ").Append(Pairs(system.Set));
        text.Append("}\n");
    }

    private static void WriteSweep(StringBuilder text, Sweep sweep)
    {
        text.Append("  - name: ").Append(sweep.Name).Append('\n');
        if (sweep.Set.Count > 0) text.Append("    set: ").Append(Pairs(sweep.Set)).Append('\n');
        if (sweep.Axes.Count == 0) return;
        text.Append("    axes:\n");
        foreach (var axis in sweep.Axes)
        {
            var setting = SettingsTable.Get(axis.Path);
            if (axis.Steps.All(step => step.With.Count == 0))
            {
                text.Append("      ").Append(axis.Path).Append(": [").AppendJoin(", ", axis.Steps.Select(step => Value(setting, step.Value))).Append("]\n");
                continue;
            }

            text.Append("      ").Append(axis.Path).Append(":\n");
            foreach (var step in axis.Steps) text.Append("        ").Append(setting.Kind == SettingKind.List ? Quoted(step.Value) : Value(setting, step.Value)).Append(": ").Append(Pairs(step.With)).Append('\n');
        }
    }

    private static string Pairs(IEnumerable<KeyValuePair<string, string>> pairs) =>
        "{" + string.Join(", ", pairs.Select(pair => $"{pair.Key}: {Value(SettingsTable.Get(pair.Key), pair.Value)}")) + "}";

    private static string Value(Setting setting, string value) => setting.Kind switch
    {
        SettingKind.List => "[" + string.Join(", ", SettingForm.Items(value).Select(Quoted)) + "]",
        SettingKind.Text => Quoted(value),
        _ => value,
    };

    /// <summary>A double-quoted YAML scalar (YAML 1.2 §7.3.1).</summary>
    private static string Quoted(string value)
    {
        var text = new StringBuilder("\"");
        foreach (var character in value)
        {
            if (character is '"' or '\\') text.Append('\\').Append(character);
            else if (char.IsControl(character)) text.Append(CultureInfo.InvariantCulture, $"\\x{(int)character:x2}");
            else text.Append(character);
        }

        return text.Append('"').ToString();
    }
}
