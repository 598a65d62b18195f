using MailBench.Analysis.Books;
using MailBench.Analysis.Figures;
using MailBench.Model.Events;
using MailBench.Model.Records;

namespace MailBench.Analysis.Verdicts;

/// <summary>Of mail that is in no book: the first recipient, and what the system's own log says of it.</summary>
internal static class LostMail
{
    private const int MinIdLength = 6;

    /// <summary>The sentence's end, or null where nothing is lost.</summary>
    public static string? About(RunFolder folder, RunHeader header, TrialRecord trial, PointSettings settings, TrialBooks books)
    {
        if (trial.CountedNotBooked || books.FirstLost() is not var (sequence, recipient)) return null;
        var suffix = settings.Text("dns.suffix") ?? "test";
        var reversePath = VerpAddress.Format(new TrialId(header.Run, trial.Point, trial.Repetition), sequence, suffix);
        var address = RecipientAddress.Format(sequence, recipient, settings.RecipientsPerMessage ?? 1, settings.Domains ?? 1, suffix);
        var path = Path.Combine(folder.Logs, $"attempts-{trial.Point}-{trial.Repetition}.log");
        var words = File.Exists(path) ? LastWords(() => File.ReadLines(path), reversePath, address) : null;
        return $"the first is {address} of the message from {reversePath}" + (words is null ? ", of which its log has nothing" : $"; its log's last words of it: {Printable.Of(words)}");
    }

    /// <summary>
    /// The last line about a recipient of a message, else about the message. Recipients' addresses come again in other messages, and many logs name the reverse-path only once: lines are tied to it by what looks like a
    /// queue ID there, a word of <see cref="MinIdLength"/> or more letters and digits. Reads the lines twice. Pure.
    /// </summary>
    internal static string? LastWords(Func<IEnumerable<string>> lines, string reversePath, string recipient)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal) { reversePath };
        foreach (var line in lines().Where(line => line.Contains(reversePath, StringComparison.Ordinal))) ids.UnionWith(Words(line.Replace(reversePath, " ", StringComparison.Ordinal)).Where(IsId));
        string? ofMessage = null, ofRecipient = null;
        foreach (var line in lines())
        {
            if (!line.Contains(reversePath, StringComparison.Ordinal) && !Words(line).Any(ids.Contains)) continue;
            ofMessage = line;
            if (line.Contains(recipient, StringComparison.Ordinal)) ofRecipient = line;
        }

        return ofRecipient ?? ofMessage;
    }

    private static string[] Words(string line) => line.Split([' ', ':', ',', ';', '=', '<', '>', '[', ']', '(', ')', '@', '.', '/', '"', '\t']);

    private static bool IsId(string word) => word.Length >= MinIdLength && word.Any(char.IsAsciiDigit) && word.Any(char.IsAsciiLetter) && word.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
}
