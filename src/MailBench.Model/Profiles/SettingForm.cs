using System.Globalization;
using MailBench.Model.Units;

namespace MailBench.Model.Profiles;

/// <summary>Reads the written form of a setting's value into its canonical text, or says what is expected instead. Pure.</summary>
public static class SettingForm
{
    private const int MaxTextLength = 2000;
    private const int MaxItems = 1000;

    /// <summary>Items of a list, as one text.</summary>
    public const string ItemSeparator = "; ";

    /// <summary>The canonical text of <paramref name="text"/>, or null and in <paramref name="expected"/> what would have been right.</summary>
    public static string? Canonical(Setting setting, string text, out string expected)
    {
        expected = Expected(setting);
        return setting.Kind switch
        {
            SettingKind.Integer => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && Within(setting, number)
                ? number.ToString(CultureInfo.InvariantCulture) : null,
            SettingKind.Number => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && Within(setting, value)
                ? value.ToString("0.######", CultureInfo.InvariantCulture) : null,
            SettingKind.Flag => Flag(text) is { } flag ? flag ? "on" : "off" : null,
            SettingKind.Choice => setting.Choices.FirstOrDefault(choice => choice.Equals(text, StringComparison.OrdinalIgnoreCase)),
            SettingKind.Duration => Duration.TryParse(text, out var span) && Within(setting, span.TotalSeconds) ? Duration.Format(span) : null,
            SettingKind.Size => ByteSize.TryParse(text, out var size) && Within(setting, size.Bytes) ? size.ToString() : null,
            SettingKind.Capacity => LineCapacity.TryParse(text, out var capacity) && Within(setting, capacity) ? capacity.ToString() : null,
            SettingKind.OfferedRate => OfferedRate.TryParse(text, out var rate) ? rate.ToString() : null,
            SettingKind.Share => TryShare(text, out var share) && Within(setting, share) ? FormatShare(share) : null,
            SettingKind.List => CanonicalList(setting, text, ref expected),
            _ => text.Length <= MaxTextLength && Fits(setting, text) ? text : null,
        };
    }

    /// <summary><c>on</c>, <c>off</c>, and YAML's <c>true</c>, <c>false</c>.</summary>
    public static bool? Flag(string text) => text switch
    {
        "on" or "true" or "yes" => true,
        "off" or "false" or "no" => false,
        _ => null,
    };

    public static bool TryShare(string text, out double share)
    {
        share = 0;
        if (!text.EndsWith('%') || !double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent)) return false;
        share = percent / 100;
        return true;
    }

    public static string FormatShare(double share) => (share * 100).ToString("0.####", CultureInfo.InvariantCulture) + "%";

    public static IReadOnlyList<string> Items(string text) =>
        text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>What the setting takes, in words that end a sentence beginning with "expected".</summary>
    public static string Expected(Setting setting) => setting.Kind switch
    {
        SettingKind.Integer => "a whole number" + Bounds(setting, value => value.ToString("0", CultureInfo.InvariantCulture)),
        SettingKind.Number => "a number" + Bounds(setting, value => value.ToString("0.##", CultureInfo.InvariantCulture)),
        SettingKind.Flag => "on or off",
        SettingKind.Choice => "one of " + string.Join(", ", setting.Choices),
        SettingKind.Duration => "a duration such as 250ms, 8s or 5m" + Bounds(setting, value => Duration.Format(TimeSpan.FromSeconds(value))),
        SettingKind.Size => "a size such as 512B, 4KiB or 64MiB" + Bounds(setting, value => new ByteSize((long)value).ToString()),
        SettingKind.Capacity => "a line capacity such as 1.5Mbit/s, 100Mbit/s or unlimited, or {forward: …, reverse: …}" + Bounds(setting, value => new BitRate((long)value).ToString()),
        SettingKind.OfferedRate => "a rate such as 200/s or 12/m, or a share such as 70% of NAME, NAME being a sweep",
        SettingKind.Share => "a share such as 10%" + Bounds(setting, FormatShare),
        SettingKind.List => "a list, each item " + (setting.Form ?? "a text"),
        _ => setting.Form ?? "a text",
    };

    private static string? CanonicalList(Setting setting, string text, ref string expected)
    {
        var items = Items(text);
        if (items.Count > MaxItems) expected = $"at most {MaxItems} items";
        return items.Count <= MaxItems && items.All(item => Fits(setting, item)) ? string.Join(ItemSeparator, items) : null;
    }

    /// <summary>The whole text: a <c>$</c> alone lets a line end pass behind it.</summary>
    private static bool Fits(Setting setting, string text) => setting.Pattern is not { } pattern || pattern.Match(text) is { Success: true } match && match.Length == text.Length;

    private static bool Within(Setting setting, double value) => value >= setting.Min && value <= setting.Max;

    private static bool Within(Setting setting, LineCapacity capacity) =>
        (capacity.Forward.IsUnlimited || Within(setting, capacity.Forward.BitsPerSecond)) && (capacity.Reverse.IsUnlimited || Within(setting, capacity.Reverse.BitsPerSecond));

    private static string Bounds(Setting setting, Func<double, string> format) => (double.IsFinite(setting.Min), double.IsFinite(setting.Max)) switch
    {
        (true, true) => $", from {format(setting.Min)} to {format(setting.Max)}",
        (true, false) when setting.Min > 0 => $", at least {format(setting.Min)}",
        _ => "",
    };
}
