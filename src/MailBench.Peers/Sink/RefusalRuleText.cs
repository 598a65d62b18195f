using System.Globalization;
using MailBench.Model.Options;
using MailBench.Model.Units;

namespace MailBench.Peers.Sink;

/// <summary>The written form of a <see cref="RefusalRule"/>, <c>PHASE:CODE[:ENHANCED][:SHARE][:PATTERN]</c>; each optional part is known by its shape.</summary>
public static class RefusalRuleText
{
    private const string Form = "write PHASE:CODE[:ENHANCED][:SHARE][:PATTERN], for example rcpt:450:4.2.0:10% or data:554";

    /// <summary>Throws <see cref="FormatException"/> that says what is wrong and how a rule is written.</summary>
    public static RefusalRule Parse(string text)
    {
        var parts = text.Split(':');
        if (parts.Length < 2) throw new FormatException($"'{text}' is no refusal rule; {Form}.");
        if (!Kebab.TryParse<RefusalPhase>(parts[0], out var phase)) throw new FormatException($"'{parts[0]}' in '{text}' is none of {string.Join(", ", Kebab.Names<RefusalPhase>())}; {Form}.");
        if (!int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var code) || code is < 400 or > 599)
            throw new FormatException($"'{parts[1]}' in '{text}' is no code of a refusal (400 to 599); {Form}.");

        var at = 2;
        var enhanced = at < parts.Length && IsEnhanced(parts[at]) ? parts[at++] : null;
        if (enhanced is not null && enhanced[0] != parts[1][0])
            throw new FormatException($"'{enhanced}' in '{text}' is of another class than {code} (RFC 2034 section 4); {Form}.");
        var share = at < parts.Length && parts[at].EndsWith('%') ? ParseShare(parts[at++], text) : 1;
        var pattern = at < parts.Length ? string.Join(':', parts[at..]) : null;
        if (pattern?.Length == 0) throw new FormatException($"The pattern in '{text}' is empty; {Form}.");
        return new RefusalRule(phase, code, enhanced, share, pattern);
    }

    private static bool IsEnhanced(string text)
    {
        var numbers = text.Split('.');
        return numbers.Length == 3 && numbers[0] is "4" or "5" && numbers.Skip(1).All(number => number.Length is >= 1 and <= 3 && number.All(char.IsAsciiDigit));
    }

    private static double ParseShare(string text, string rule) =>
        double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) && percent is >= 0 and <= 100
            ? percent / 100
            : throw new FormatException($"'{text}' in '{rule}' is no share from 0% to 100%; {Form}.");
}
