using System.Globalization;
using System.Text;
using MailBench.Mta.Delivery;

namespace MailBench.Mta.Attempts;

/// <summary>What became of an attempt, as the log says it.</summary>
internal enum AttemptVerdict { Delivered, Deferred, Failed, Expired }

/// <summary>
/// A line of the attempt log: time, queue id, verdict, then who, where, what was said, why, and when again. Text of strangers is quoted, and nothing in it can end the line.
/// <code>2026-01-05T09:30:00.123Z 3K2J deferred to=&lt;u1@d0.test&gt; host=mx0.test[127.0.1.1] reply="450 4.2.0 later" step="RCPT" status=4.2.0 attempt=1 delay=0.012s next=5s</code>
/// </summary>
internal static class AttemptLine
{
    /// <summary>Characters kept of a reply or reason.</summary>
    private const int MaxTextLength = 500;

    /// <param name="attempt">Attempts made so far, this one included.</param>
    /// <param name="retryIn">Time until the next attempt of a deferred recipient.</param>
    public static void Append(StringBuilder line, in DeliveryOutcome outcome, AttemptVerdict verdict, int attempt, TimeSpan? retryIn, DateTimeOffset at)
    {
        var entry = outcome.Entry;
        line.Append(CultureInfo.InvariantCulture, $"{at.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fff}Z {entry.Id} ").Append(Word(verdict)).Append(" to=<");
        Escape(line, Encoding.Latin1.GetString(entry.Recipients[outcome.Recipient].Address), 256);
        line.Append('>');
        if (outcome.Host is { } host)
        {
            line.Append(" host=");
            Escape(line, host, 256);

            // The host of an address literal is its address already.
            if (outcome.Address is { } address && !host.StartsWith('[')) line.Append('[').Append(address).Append(']');
        }

        if (outcome.Reply is { } reply) Quote(line, "reply", reply.ToString());
        if (outcome.Step is { } step) Quote(line, "step", step);
        if (outcome.Detail is { } detail) Quote(line, "why", detail);
        if (outcome.Uncertain) line.Append(" uncertain");
        line.Append(" status=");
        Escape(line, outcome.Status, 16);
        line.Append(CultureInfo.InvariantCulture, $" attempt={attempt} delay={outcome.DelayNs / 1e9:0.000}s");
        if (retryIn is { } wait) line.Append(CultureInfo.InvariantCulture, $" next={wait.TotalSeconds:0.###}s");
        line.Append('\n');
    }

    private static string Word(AttemptVerdict verdict) => verdict switch
    {
        AttemptVerdict.Delivered => "delivered",
        AttemptVerdict.Deferred => "deferred",
        AttemptVerdict.Failed => "failed",
        _ => "expired",
    };

    private static void Quote(StringBuilder line, string key, string text)
    {
        line.Append(' ').Append(key).Append("=\"");
        Escape(line, text, MaxTextLength);
        line.Append('"');
    }

    /// <summary>Printable ASCII stays; quote and backslash get a backslash; everything else, controls and the invisible of Unicode among it, becomes <c>\uXXXX</c>.</summary>
    private static void Escape(StringBuilder line, string text, int limit)
    {
        for (var i = 0; i < text.Length && i < limit; i++)
        {
            var c = text[i];
            if (c is '"' or '\\') line.Append('\\').Append(c);
            else if (c is >= ' ' and <= '~') line.Append(c);
            else line.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }

        if (text.Length > limit) line.Append("...");
    }
}
