using System.Globalization;

namespace MailBench.Model.Options;

/// <summary>Limits of a session that an SMTP server announces by LIMITS (RFC 9422) and keeps; 0: none, but for recipients, which always have one.</summary>
/// <param name="RcptMax">Recipients of a transaction.</param>
/// <param name="MailMax">Transactions of a session.</param>
/// <param name="RcptDomainMax">Different recipient domains of a session.</param>
public sealed record SmtpLimits(int RcptMax = 0, int MailMax = 0, int RcptDomainMax = 0)
{
    /// <summary>The written form of one limit: what a profile's list and <c>--limit</c> hold.</summary>
    public const string Form = "NAME=N, NAME one of RCPTMAX, MAILMAX, RCPTDOMAINMAX, N from 1";

    /// <summary>Reads <c>RCPTMAX=50</c> and the like; throws <see cref="FormatException"/>, the message says what is expected.</summary>
    public static SmtpLimits Parse(IEnumerable<string> limits)
    {
        var read = new SmtpLimits();
        foreach (var text in limits)
        {
            var at = text.IndexOf('=', StringComparison.Ordinal);
            if (at < 0 || !int.TryParse(text.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value < 1)
                throw new FormatException($"'{text}' is no limit; write {Form}.");
            read = text[..at].ToUpperInvariant() switch
            {
                "RCPTMAX" => read with { RcptMax = value },
                "MAILMAX" => read with { MailMax = value },
                "RCPTDOMAINMAX" => read with { RcptDomainMax = value },
                _ => throw new FormatException($"'{text}' is no limit; write {Form}."),
            };
        }

        return read;
    }
}
