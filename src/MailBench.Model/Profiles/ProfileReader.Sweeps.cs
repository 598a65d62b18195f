namespace MailBench.Model.Profiles;

public sealed partial class ProfileReader
{
    private const int MaxSweeps = 100;

    private static readonly string[] SweepKeys = ["name", "set", "axes"];

    /// <summary>
    /// <c>sweeps:</c> is a list of <c>{name, set: {PATH: value}, axes: {PATH: [values] or {VALUE: {PATH: value that goes with it}}}}</c>.
    /// </summary>
    private List<Sweep> ReadSweeps(YamlTree tree)
    {
        var sweeps = new List<Sweep>();
        if (tree is not YamlList list)
        {
            Fault(tree, "sweeps: expected a list of sweeps, each with a name and axes.");
            return sweeps;
        }

        if (list.Items.Count > MaxSweeps) Fault(tree, $"sweeps: {list.Items.Count} of them; at most {MaxSweeps}.");
        foreach (var item in list.Items.Take(MaxSweeps))
        {
            if (item is YamlMap map) sweeps.Add(ReadSweep(map, sweeps));
            else Fault(item, $"sweeps: expected a mapping with {string.Join(", ", SweepKeys)}, found {Found(item)}.");
        }

        return sweeps;
    }

    private Sweep ReadSweep(YamlMap map, List<Sweep> before)
    {
        string? name = null;
        var set = new List<KeyValuePair<string, string>>();
        IReadOnlyList<Axis> axes = [];
        foreach (var (key, value) in map.Entries)
        {
            switch (key.Text)
            {
                case "name":
                    name = (value as YamlScalar)?.Text;
                    if (name is null || name.Length > 40 || !OfferedRate.TryParse("1% of " + name, out _)) Fault(value, $"name: expected a word of letters, digits and dashes, found {Found(value)}.");
                    else if (before.Exists(sweep => sweep.Name == name)) Fault(value, $"a second sweep is called '{name}'; names tell points apart.");
                    break;
                case "set":
                    ReadPaths(value, set);
                    break;
                case "axes":
                    axes = ReadAxes(value);
                    break;
                default:
                    Fault(key, Unknown("sweeps", key.Text, SweepKeys));
                    break;
            }
        }

        if (name is null) Fault(map, "a sweep needs a name.");
        foreach (var twice in axes.Where(axis => set.Exists(pair => pair.Key == axis.Path))) Fault(map, $"{twice.Path} is both set and an axis of sweep '{name}'.");
        return new Sweep(name ?? "", set, axes, YamlTree.At(_file, map.Line));
    }

    private List<Axis> ReadAxes(YamlTree tree)
    {
        var axes = new List<Axis>();
        if (tree is not YamlMap map)
        {
            Fault(tree, "axes: expected a mapping of paths to lists of values, for example 'line.capacity: [1.5Mbit/s, 10Mbit/s]'.");
            return axes;
        }

        foreach (var (key, value) in map.Entries)
        {
            if (SweepableAt(key) is not { } setting) continue;
            var steps = new List<AxisStep>();
            switch (value)
            {
                case YamlList { Items.Count: > 0 } list:
                    foreach (var item in list.Items) AddStep(setting, item, null, steps);
                    break;
                case YamlMap { Entries.Count: > 0 } tied:
                    foreach (var entry in tied.Entries) AddStep(setting, entry.Key, entry.Value, steps);
                    break;
                default:
                    Fault(value, $"{key.Text}: expected a list of values, or a mapping of values to the settings that go with each, found {Found(value)}.");
                    continue;
            }

            if (steps.GroupBy(step => step.Value).FirstOrDefault(group => group.Count() > 1) is { } twice) Fault(value, $"{key.Text}: the value {twice.Key} stands twice.");
            axes.Add(new Axis(setting.Path, steps));
        }

        return axes;
    }

    private void AddStep(Setting setting, YamlTree value, YamlTree? with, List<AxisStep> steps)
    {
        var read = new List<KeyValuePair<string, string>>();
        ReadValue(setting, value, read);
        var others = new List<KeyValuePair<string, string>>();
        if (with is not null) ReadPaths(with, others);
        if (read.Count > 0) steps.Add(new AxisStep(read[0].Value, others));
    }

    /// <summary>A mapping of full paths to values: <c>{load.backlog: 400, line.delay: 5ms}</c>.</summary>
    private void ReadPaths(YamlTree tree, List<KeyValuePair<string, string>> into)
    {
        if (tree is YamlScalar { Text: "" }) return;
        if (tree is not YamlMap map)
        {
            Fault(tree, $"expected a mapping of paths to values, for example {{load.backlog: 400}}, found {Found(tree)}.");
            return;
        }

        foreach (var (key, value) in map.Entries)
            if (SweepableAt(key) is { } setting) ReadValue(setting, value, into);
        RefuseRivals(into, map);
    }

    private Setting? SweepableAt(YamlScalar key)
    {
        var setting = SettingsTable.Find(key.Text);
        if (setting is null) Fault(key, UnknownPath(key.Text));
        else if (!setting.Sweepable) Fault(key, $"{key.Text} holds for the whole run and cannot be swept; set it at the top.");
        return setting is { Sweepable: true } ? setting : null;
    }
}
