using System.Globalization;

namespace MailBench.Model.Records;

/// <summary>Text of strangers on its way to a terminal, which obeys control characters: a reply, a role's last words, what a run folder of somebody else calls its points.</summary>
public static class Printable
{
    /// <summary>One line: controls, line ends and the invisible characters that turn text around become <c>?</c>.</summary>
    public static string Of(string text) => text.Any(IsHostile) ? string.Concat(text.Select(c => IsHostile(c) ? '?' : c)) : text;

    private static bool IsHostile(char c) =>
        char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
