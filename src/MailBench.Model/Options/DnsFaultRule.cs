using MailBench.Model.Units;

namespace MailBench.Model.Options;

/// <summary>The written form of a <see cref="DnsFault"/>: <c>NAME-PATTERN:KIND[:VALUE]</c>, for example <c>d1*.test:delay:200ms</c> or <c>*:servfail</c>.</summary>
public static class DnsFaultRule
{
    /// <summary>Longest delay: a client has long given up, and the answers that wait are kept in memory.</summary>
    public static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(5);

    /// <summary>Reads the written form; throws <see cref="FormatException"/> that says what is wrong and how it is written.</summary>
    public static DnsFault Parse(string text)
    {
        var parts = text.Split(':', 3, StringSplitOptions.TrimEntries);
        if (parts.Length < 2 || parts[0].Length == 0)
            throw new FormatException($"'{text}' is not NAME-PATTERN:KIND[:VALUE]; write for example d1.test:servfail or *:delay:200ms.");
        var pattern = parts[0].TrimEnd('.');
        if (pattern.Length is 0 or > 253) throw new FormatException($"'{parts[0]}' is not a pattern of names; write for example d1.test, mx?.test or *.");
        if (!Kebab.TryParse<DnsFaultKind>(parts[1], out var kind))
            throw new FormatException($"'{parts[1]}' is no kind of fault; kinds are {string.Join(", ", Kebab.Names<DnsFaultKind>())}.");
        var value = parts.Length == 3 ? parts[2] : null;
        if (kind != DnsFaultKind.Delay && value is not null)
            throw new FormatException($"'{text}': {parts[1]} takes no value.");
        if (kind == DnsFaultKind.Delay && value is null)
            throw new FormatException($"'{text}': delay needs a duration; write for example {parts[0]}:delay:200ms.");
        if (kind == DnsFaultKind.Delay && Duration.Parse(value!) > MaxDelay)
            throw new FormatException($"'{text}': a delay is at most {Duration.Format(MaxDelay)}.");
        return new DnsFault(pattern.ToLowerInvariant(), kind, value);
    }

    public static string Format(DnsFault fault) => $"{fault.NamePattern}:{Kebab.Format(fault.Kind)}" + (fault.Value is null ? "" : $":{fault.Value}");

    /// <summary>The delay that the rule asks for; zero for other kinds.</summary>
    public static TimeSpan DelayOf(DnsFault fault) => fault.Kind == DnsFaultKind.Delay ? Duration.Parse(fault.Value ?? "0s") : TimeSpan.Zero;
}
