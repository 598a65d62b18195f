namespace MailBench.Model.Records;

/// <summary>Text as one word of a POSIX shell: a command that is printed for somebody to copy.</summary>
public static class ShellWord
{
    public static string Of(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || "_-./:=%+,@".Contains(c, StringComparison.Ordinal)) ? text : $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
