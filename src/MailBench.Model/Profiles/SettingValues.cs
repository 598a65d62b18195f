using System.Collections.Immutable;
using System.Globalization;
using MailBench.Model.Units;

namespace MailBench.Model.Profiles;

/// <summary>
/// Resolved settings: path → canonical text, all valid by the <see cref="SettingsTable"/>. The typed readers cannot fail for a path of their kind that has a value.
/// </summary>
public sealed class SettingValues
{
    private readonly ImmutableSortedDictionary<string, string> _values;

    private SettingValues(ImmutableSortedDictionary<string, string> values) => _values = values;

    /// <summary>The table's defaults.</summary>
    public static SettingValues Defaults { get; } = new(SettingsTable.All.Where(setting => setting.Default is not null)
        .ToImmutableSortedDictionary(setting => setting.Path, setting => setting.Default!, StringComparer.Ordinal));

    /// <summary>Reads back what <see cref="ToDictionary"/> gave, for example a point's settings in a run header.</summary>
    public static SettingValues From(IReadOnlyDictionary<string, string> values) => new(values.ToImmutableSortedDictionary(StringComparer.Ordinal));

    public string? Find(string path) => _values.GetValueOrDefault(path);

    public string Text(string path) => _values.TryGetValue(path, out var text) ? text : throw new InvalidOperationException($"{path} has neither value nor default.");

    public int Integer(string path) => int.Parse(Text(path), CultureInfo.InvariantCulture);

    public double Number(string path) => double.Parse(Text(path), CultureInfo.InvariantCulture);

    public bool Flag(string path) => Text(path) == "on";

    public TimeSpan Span(string path) => Duration.Parse(Text(path));

    public ByteSize Size(string path) => ByteSize.Parse(Text(path));

    public LineCapacity Capacity(string path) => LineCapacity.Parse(Text(path));

    public double Share(string path) => SettingForm.TryShare(Text(path), out var share) ? share : throw new FormatException($"{path} is not a share.");

    public T Choice<T>(string path) where T : struct, Enum => Kebab.Parse<T>(Text(path));

    public IReadOnlyList<string> List(string path) => SettingForm.Items(_values.GetValueOrDefault(path, ""));

    /// <summary>The same with one value changed; the other settings of its group are cleared.</summary>
    public SettingValues With(string path, string canonical)
    {
        var group = SettingsTable.Get(path).Group;
        var values = _values;
        if (group is not null) values = values.RemoveRange(SettingsTable.All.Where(setting => setting.Group == group).Select(setting => setting.Path));
        return new SettingValues(values.SetItem(path, canonical));
    }

    public IReadOnlyDictionary<string, string> ToDictionary() => _values;
}
