namespace MailBench.Model.Profiles;

/// <summary><c>--set PATH=VALUE</c>: wins over the profile's value, over a sweep's set, and reduces a swept axis to that one value.</summary>
internal static class ProfileOverride
{
    public static Profile Apply(Profile profile, string assignment)
    {
        var where = $"--set {assignment}";
        var equals = assignment.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0) throw new ProfileException(where, "expected PATH=VALUE, for example --set line.capacity=10Mbit/s.");
        var path = assignment[..equals].Trim();
        var setting = SettingsTable.Find(path) ?? throw new ProfileException(where, ProfileReader.UnknownPath(path));
        var text = assignment[(equals + 1)..].Trim();
        var canonical = SettingForm.Canonical(setting, text, out var expected) ?? throw new ProfileException(where, $"{path}: expected {expected}, found '{text}'.");
        if (path == ProfileReader.SystemPath && MailSystem.BuiltIn(canonical) is null && !profile.Systems.Any(system => system.Name == canonical))
            throw new ProfileException(where, ProfileReader.UnknownSystem(canonical, profile.Systems));
        return profile with
        {
            Systems = [.. profile.Systems.Select(system => system with { Set = Without(system.Set, setting) })],
            Settings = profile.Settings.With(path, canonical),
            Sweeps = [.. profile.Sweeps.Select(sweep => sweep with { Set = Without(sweep.Set, setting), Axes = Narrow(sweep.Axes, setting, canonical) })],
        };
    }

    private static List<Axis> Narrow(IReadOnlyList<Axis> axes, Setting setting, string value)
    {
        var narrowed = new List<Axis>();
        foreach (var axis in axes)
        {
            if (axis.Path == setting.Path) narrowed.Add(new Axis(axis.Path, [axis.Steps.FirstOrDefault(step => step.Value == value) ?? new AxisStep(value, [])]));
            else if (!Rivals(axis.Path, setting)) narrowed.Add(new Axis(axis.Path, [.. axis.Steps.Select(step => step with { With = Without(step.With, setting) })]));
        }

        return narrowed;
    }

    private static KeyValuePair<string, string>[] Without(IReadOnlyList<KeyValuePair<string, string>> pairs, Setting setting) =>
        [.. pairs.Where(pair => pair.Key != setting.Path && !Rivals(pair.Key, setting))];

    private static bool Rivals(string path, Setting setting) => setting.Group is not null && path != setting.Path && SettingsTable.Get(path).Group == setting.Group;
}
