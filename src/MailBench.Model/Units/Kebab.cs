using System.Text;

namespace MailBench.Model.Units;

/// <summary>Enumeration members as they are written in profiles and on the command line: <c>PerMxHost</c> is <c>per-mx-host</c>.</summary>
public static class Kebab
{
    public static string Format<T>(T value) where T : struct, Enum => Format(value.ToString());

    public static string Format(string pascal)
    {
        var text = new StringBuilder(pascal.Length + 4);
        for (var i = 0; i < pascal.Length; i++)
        {
            if (i > 0 && char.IsUpper(pascal[i])) text.Append('-');
            text.Append(char.ToLowerInvariant(pascal[i]));
        }

        return text.ToString();
    }

    public static bool TryParse<T>(string text, out T value) where T : struct, Enum
    {
        foreach (var candidate in Enum.GetValues<T>())
        {
            if (!string.Equals(Format(candidate), text.Trim(), StringComparison.OrdinalIgnoreCase)) continue;
            value = candidate;
            return true;
        }

        value = default;
        return false;
    }

    /// <summary>Parses a member; throws <see cref="FormatException"/> that lists the members.</summary>
    public static T Parse<T>(string text) where T : struct, Enum => TryParse<T>(text, out var value)
        ? value
        : throw new FormatException($"'{text}' is none of {string.Join(", ", Names<T>())}.");

    public static IReadOnlyList<string> Names<T>() where T : struct, Enum => [.. Enum.GetValues<T>().Select(Format)];
}
