using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>What an installed program says when it is asked something short: its version, its directories.</summary>
internal static partial class ProgramWords
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Standard output and error together; empty when it cannot be started (locked into a root, by whoever is not root) or does not answer.</summary>
    public static string Of(string root, string program, params ReadOnlySpan<string> arguments) => Fed(root, program, null, arguments);

    /// <summary>The same, with a text on its standard input, which else is empty. A name of its own: an argument must never be taken for that text, since a daemon that is asked nothing starts.</summary>
    public static string Fed(string root, string program, string? input, params ReadOnlySpan<string> arguments)
    {
        string[] command = root == MtaRoots.Machine ? [program, .. arguments] : ["chroot", root, program, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment["LC_ALL"] = "C";
        try
        {
            using var process = Process.Start(start)!;
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            process.StandardInput.Write(input);
            process.StandardInput.Close();
            if (!process.WaitForExit(Patience))
            {
                process.Kill();
                return "";
            }

            // What it may have left behind can hold its pipes open.
            return Task.WaitAll([output, errors], Patience) ? output.Result + errors.Result : "";
        }
        catch (Exception refused) when (refused is Win32Exception or IOException)
        {
            return "";
        }
    }

    /// <summary>The first version number behind a word, as "4.96" in "Exim version 4.96 #2".</summary>
    public static string? VersionBehind(string text, string word)
    {
        var at = text.IndexOf(word, StringComparison.Ordinal);
        return at >= 0 && Number().Match(text, at + word.Length) is { Success: true } match ? string.Create(CultureInfo.InvariantCulture, $"{match.Value}") : null;
    }

    [GeneratedRegex(@"[0-9]+(\.[0-9a-z]+)+")]
    private static partial Regex Number();
}
