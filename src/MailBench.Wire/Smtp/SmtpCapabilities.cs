using System.Globalization;

namespace MailBench.Wire.Smtp;

/// <summary>What EHLO's reply offered.</summary>
public sealed record SmtpCapabilities
{
    public bool Extended { get; init; }
    public bool Pipelining { get; init; }
    public bool EightBitMime { get; init; }
    public bool EnhancedStatusCodes { get; init; }
    public bool Chunking { get; init; }
    public bool StartTls { get; init; }
    public bool SmtpUtf8 { get; init; }
    public bool Dsn { get; init; }

    /// <summary>SIZE offered: the limit, 0 = no fixed limit, -1 = not offered.</summary>
    public long SizeLimit { get; init; } = -1;

    /// <summary>LIMITS RCPTMAX (RFC 9422): RCPT commands in a transaction, 0 = not stated.</summary>
    public int RcptMax { get; init; }

    /// <summary>LIMITS MAILMAX: MAIL commands in a session, 0 = not stated.</summary>
    public int MailMax { get; init; }

    /// <summary>LIMITS RCPTDOMAINMAX: different recipient domains in a session, 0 = not stated.</summary>
    public int RcptDomainMax { get; init; }

    /// <summary>Reads the lines behind the first of EHLO's reply; keywords in any case, unknown ones ignored.</summary>
    internal static SmtpCapabilities Parse(SmtpReply ehlo)
    {
        var found = new SmtpCapabilities { Extended = true };
        foreach (var line in ehlo.Text.Split('\n').Skip(1))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0) continue;
            found = words[0].ToUpperInvariant() switch
            {
                "PIPELINING" => found with { Pipelining = true },
                "8BITMIME" => found with { EightBitMime = true },
                "ENHANCEDSTATUSCODES" => found with { EnhancedStatusCodes = true },
                "CHUNKING" => found with { Chunking = true },
                "STARTTLS" => found with { StartTls = true },
                "SMTPUTF8" => found with { SmtpUtf8 = true },
                "DSN" => found with { Dsn = true },
                "SIZE" => found with { SizeLimit = words.Length > 1 && long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : 0 },
                "LIMITS" => found with { RcptMax = Limit(words, "RCPTMAX="), MailMax = Limit(words, "MAILMAX="), RcptDomainMax = Limit(words, "RCPTDOMAINMAX=") },
                _ => found,
            };
        }

        return found;
    }

    /// <summary>A limit that cannot be read is as good as not stated (RFC 9422 §3).</summary>
    private static int Limit(string[] words, string name)
    {
        foreach (var word in words)
            if (word.StartsWith(name, StringComparison.OrdinalIgnoreCase) && int.TryParse(word.AsSpan(name.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var limit)) return limit;
        return 0;
    }
}
