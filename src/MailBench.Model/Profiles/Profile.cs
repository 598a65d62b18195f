namespace MailBench.Model.Profiles;

/// <summary>A profile, validated: base settings and sweeps. Without sweeps it is one point.</summary>
public sealed record Profile
{
    public const int CurrentVersion = 1;

    /// <summary>As named on the command line.</summary>
    public required string File { get; init; }
    public required SettingValues Settings { get; init; }
    public required IReadOnlyList<Sweep> Sweeps { get; init; }

    /// <summary>The systems under test that the profile defines, in file order.</summary>
    public IReadOnlyList<MailSystem> Systems { get; init; } = [];

    public string Name => Settings.Find("name") ?? Path.GetFileNameWithoutExtension(File);

    public string? Description => Settings.Find("description");

    public int Seed => Settings.Integer("seed");

    public int Repetitions => Settings.Integer("repetitions");

    public bool Quick => Settings.Flag("quick");

    /// <summary>Saturated points get companions (<see cref="Records.Companion"/>).</summary>
    public bool Confirms => Settings.Flag("confirm");

    /// <summary>The same with these of its sweeps alone, in file order; all where none is named. Throws <see cref="ProfileException"/> for a sweep that it has not, with the nearest name.</summary>
    public Profile Only(IReadOnlyList<string> names)
    {
        if (names.Count == 0) return this;
        foreach (var unknown in names.Where(name => !Sweeps.Any(sweep => sweep.Name == name)))
        {
            var hint = NearestName.Of(unknown, Sweeps.Select(sweep => sweep.Name)) is { } nearest ? $"Did you mean '{nearest}'?" : Sweeps.Count == 0 ? "It has none." : $"It has {string.Join(", ", Sweeps.Select(sweep => sweep.Name))}.";
            throw new ProfileException(File, $"--sweep {unknown}: the profile has no such sweep. {hint}");
        }

        return this with { Sweeps = [.. Sweeps.Where(sweep => names.Contains(sweep.Name))] };
    }

    /// <summary>The system of a name that the reader has accepted: one defined here, else the kind of that name.</summary>
    public MailSystem SystemNamed(string name) =>
        Systems.FirstOrDefault(system => system.Name == name) ?? MailSystem.BuiltIn(name) ?? throw new InvalidOperationException($"There is no system '{name}'.");
}

/// <summary>Points that vary along axes, over the profile's settings with <paramref name="Set"/> on top.</summary>
/// <param name="Name">Unique in the profile; other sweeps refer to it (<c>70% of NAME</c>).</param>
/// <param name="Set">Path → canonical text, in file order.</param>
/// <param name="Where">File and line, for messages.</param>
public sealed record Sweep(string Name, IReadOnlyList<KeyValuePair<string, string>> Set, IReadOnlyList<Axis> Axes, string Where)
{
    /// <summary>The number of points: the product of the axes' lengths.</summary>
    public double Count => Axes.Aggregate(1.0, (count, axis) => count * axis.Steps.Count);
}

/// <summary>One swept path.</summary>
public sealed record Axis(string Path, IReadOnlyList<AxisStep> Steps);

/// <summary>A value of an axis, and the settings that go with it (a backlog that suits this capacity, say).</summary>
public sealed record AxisStep(string Value, IReadOnlyList<KeyValuePair<string, string>> With);
