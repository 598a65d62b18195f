using System.Text.RegularExpressions;
using MailBench.Model.Units;

namespace MailBench.Model.Profiles;

public sealed partial class ProfileReader
{
    /// <summary>The setting that names the system under test.</summary>
    internal const string SystemPath = "system";
    private const int MaxSystems = 50;
    private const int MaxOwnSettings = 200;
    private const int MaxOwnValueLength = 500;

    private static readonly string[] SystemKeys = ["kind", "variant", "optional", "root", "at", "settings", "set"];

    private readonly List<MailSystem> _systems = [];

    /// <summary><c>systems:</c> is a mapping <c>NAME: {kind, variant, optional, root, at, settings: {KEY: value}, set: {PATH: value}}</c>. It is read first, wherever it stands: everything else may name its systems.</summary>
    private void ReadSystems(YamlTree tree)
    {
        if (tree is not YamlMap map)
        {
            Fault(tree, "systems: expected a mapping of names to systems, for example 'postfix-tuned: {kind: postfix, variant: tuned}'.");
            return;
        }

        if (map.Entries.Count > MaxSystems) Fault(tree, $"systems: {map.Entries.Count} of them; at most {MaxSystems}.");
        foreach (var entry in map.Entries.Take(MaxSystems)) ReadSystem(entry);
    }

    private void ReadSystem(YamlEntry entry)
    {
        var name = entry.Key.Text;
        var setting = SettingsTable.Get(SystemPath);
        if (SettingForm.Canonical(setting, name, out var expected) is null)
        {
            Fault(entry.Key, $"systems: a system's name is {expected}, found {Found(entry.Key)}.");
            return;
        }

        // An empty entry is the kind of that name.
        YamlMap? map = entry.Value switch { YamlMap given => given, YamlScalar { Text: "" } empty => new YamlMap(empty.Line, empty.Column, []), _ => null };
        if (map is null)
        {
            Fault(entry.Value, $"systems.{name}: expected a mapping with {string.Join(", ", SystemKeys)}, found {Found(entry.Value)}.");
            return;
        }

        var system = MailSystem.BuiltIn(name) ?? new MailSystem(name, default);
        var isKindKnown = MailSystem.BuiltIn(name) is not null;
        foreach (var (key, value) in map.Entries)
        {
            switch (key.Text)
            {
                case "kind":
                    isKindKnown = true;
                    system = system with { Kind = ReadChoice<SystemKind>(key, value) };
                    break;
                case "variant":
                    system = system with { Variant = ReadChoice<SystemVariant>(key, value) };
                    break;
                case "optional":
                    if (value is YamlScalar { Text: var flag } && SettingForm.Flag(flag) is { } optional) system = system with { Optional = optional };
                    else Fault(value, $"optional: expected on or off, found {Found(value)}.");
                    break;
                case "root":
                    if (value is YamlScalar { Text: { Length: > 0 } root } && root.Length <= MaxOwnValueLength && !root.Any(char.IsControl)) system = system with { Root = root };
                    else Fault(value, $"root: expected the folder of an unpacked package, found {Found(value)}.");
                    break;
                case "at":
                    if (value is YamlScalar { Text: var at } && HostPortPattern().IsMatch(at)) system = system with { At = at };
                    else Fault(value, $"at: expected HOST:PORT, for example 127.0.0.1:2525, found {Found(value)}.");
                    break;
                case "settings":
                    system = system with { Settings = ReadOwnSettings(value) };
                    break;
                case "set":
                    var set = new List<KeyValuePair<string, string>>();
                    ReadPaths(value, set);
                    if (set.Exists(pair => pair.Key == SystemPath)) Fault(value, $"systems.{name}: a system does not set '{SystemPath}'.");
                    system = system with { Set = set };
                    break;
                default:
                    Fault(key, Unknown($"systems.{name}", key.Text, SystemKeys));
                    break;
            }
        }

        if (!isKindKnown) Fault(entry.Key, $"systems.{name}: it needs a kind, one of {string.Join(", ", Kebab.Names<SystemKind>())}.");
        else if (!system.IsForeign && map.Entries.FirstOrDefault(given => given.Key.Text is "variant" or "settings" or "optional" or "root") is { } foreign)
            Fault(foreign.Key, $"{foreign.Key.Text} is for foreign MTAs; mailbench's own core is always here and is set by the profile's mta: section, or by 'set: {{mta.strategy: per-domain}}'.");
        if (isKindKnown && (system.Kind == SystemKind.External) != (system.At is not null))
            Fault(entry.Key, system.At is null ? $"systems.{name}: an external server needs 'at: HOST:PORT'." : $"systems.{name}: 'at' is for kind external; the runner starts the others itself.");
        if (system.Kind == SystemKind.External && map.Entries.FirstOrDefault(given => given.Key.Text is "variant" or "settings" or "root") is { } alien)
            Fault(alien.Key, $"{alien.Key.Text} is for MTAs that the runner starts; an external server is configured by whoever runs it.");
        _systems.Add(system);
    }

    private T ReadChoice<T>(YamlScalar key, YamlTree value) where T : struct, Enum
    {
        if (value is YamlScalar { Text: var text })
        {
            if (Kebab.TryParse<T>(text, out var choice)) return choice;
            if (NearestName.Of(text, Kebab.Names<T>()) is { } nearest)
            {
                Fault(value, $"{key.Text}: there is no '{text}'; did you mean '{nearest}'?");
                return default;
            }
        }

        Fault(value, $"{key.Text}: expected one of {string.Join(", ", Kebab.Names<T>())}, found {Found(value)}.");
        return default;
    }

    /// <summary>Words for a configuration file that somebody else's program reads: a key is a word and a value one line, so that nothing else can be slipped in.</summary>
    private List<KeyValuePair<string, string>> ReadOwnSettings(YamlTree tree)
    {
        var settings = new List<KeyValuePair<string, string>>();
        if (tree is not YamlMap map || map.Entries.Count > MaxOwnSettings)
        {
            Fault(tree, $"settings: expected a mapping of the MTA's own settings (at most {MaxOwnSettings}), for example {{default_process_limit: 200}}, found {Found(tree)}.");
            return settings;
        }

        foreach (var (key, value) in map.Entries)
        {
            if (!OwnKeyPattern().IsMatch(key.Text)) Fault(key, $"settings: '{key.Text}' is no name of a setting: letters, digits, dashes, underscores.");
            else if (value is not YamlScalar { Text: var text } || text.Length > MaxOwnValueLength || text.Any(char.IsControl))
                Fault(value, $"settings.{key.Text}: expected one line of at most {MaxOwnValueLength} characters, found {Found(value)}.");
            else settings.Add(new KeyValuePair<string, string>(key.Text, text.Trim()));
        }

        return settings;
    }

    /// <summary>The sentence for a name that no system has.</summary>
    internal static string UnknownSystem(string name, IEnumerable<MailSystem> defined)
    {
        string[] known = [.. defined.Select(system => system.Name).Concat(Kebab.Names<SystemKind>()).Distinct()];
        var hint = NearestName.Of(name, known) is { } nearest ? $"did you mean '{nearest}'?" : $"known: {string.Join(", ", known)}; others are defined by systems:.";
        return $"{SystemPath}: there is no system '{name}'; {hint}";
    }

    private bool IsSystem(string name) => MailSystem.BuiltIn(name) is not null || _systems.Exists(system => system.Name == name);

    [GeneratedRegex(@"\A([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}\z", RegexOptions.CultureInvariant)]
    private static partial Regex HostPortPattern();

    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9_-]{0,99}\z", RegexOptions.CultureInvariant)]
    private static partial Regex OwnKeyPattern();
}
