using System.Globalization;
using System.Text;
using MailBench.Mta.Queue;
using MailBench.Wire.Smtp;

namespace MailBench.Cli.Commands;

/// <summary>A queue's messages as text. What came from the network is escaped: a terminal obeys control characters, and a line must stay one.</summary>
internal static class QueueText
{
    /// <summary>Appends the message's lines.</summary>
    public static void WriteListed(StringBuilder output, QueueEntry entry, DateTimeOffset now, QueueSelection selection)
    {
        output.Append(CultureInfo.InvariantCulture, $"{entry.Id}  {Age(entry, now)}  {Size(entry.ContentBytes)}  ");
        if (entry.ReversePath.Length == 0) output.Append("<>");
        else AppendEscaped(output, entry.ReversePath);
        output.AppendLine();
        foreach (var recipient in entry.Recipients)
        {
            if (!selection.Matches(entry, recipient, now)) continue;
            AppendEscaped(output.Append("  "), recipient.Address);
            AppendStatus(output.Append("  "), recipient, now);
            output.AppendLine();
        }
    }

    public static void WriteShown(TextWriter output, QueueEntry entry, ReadOnlySpan<byte> headerSection, DateTimeOffset now)
    {
        var accepted = DateTimeOffset.FromUnixTimeMilliseconds(entry.AcceptedUnixMs);
        output.WriteLine($"id:        {entry.Id}");
        output.WriteLine($"sender:    {Sender(entry)}");
        output.WriteLine($"accepted:  {accepted.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture)}, {Age(entry, now)} ago");
        output.WriteLine($"size:      {entry.ContentBytes} octets");
        output.WriteLine($"body:      {(entry.Body == BodyKind.EightBitMime ? "8BITMIME" : "7BIT")}");
        output.WriteLine("recipients:");
        foreach (var recipient in entry.Recipients) output.WriteLine($"  {Escape(recipient.Address)}  {Status(recipient, now)}");
        output.WriteLine("header:");
        while (headerSection.Length > 0)
        {
            var end = headerSection.IndexOf("\r\n"u8);
            output.WriteLine($"  {Escape(end < 0 ? headerSection : headerSection[..end])}");
            headerSection = end < 0 ? [] : headerSection[(end + 2)..];
        }
    }

    /// <summary>UTF-8 as text; control, format and undecodable octets as <c>\x1B</c> or <c>\u202E</c>.</summary>
    public static string Escape(ReadOnlySpan<byte> octets)
    {
        var text = new StringBuilder(octets.Length);
        AppendEscaped(text, octets);
        return text.ToString();
    }

    public static string Escape(string text) => Escape(Encoding.UTF8.GetBytes(text));

    private static void AppendEscaped(StringBuilder text, ReadOnlySpan<byte> octets)
    {
        while (octets.Length > 0)
        {
            // Nearly always all of it is printable ASCII.
            var hostile = octets.IndexOfAnyExceptInRange((byte)' ', (byte)'~');
            var plain = hostile < 0 ? octets : octets[..hostile];
            foreach (var octet in plain) text.Append((char)octet);
            octets = octets[plain.Length..];
            if (octets.IsEmpty) return;
            if (Rune.DecodeFromUtf8(octets, out var rune, out var used) == System.Buffers.OperationStatus.Done) Append(text, rune);
            else
                foreach (var octet in octets[..used])
                    text.Append(CultureInfo.InvariantCulture, $"\\x{octet:X2}");
            octets = octets[used..];
        }
    }

    private static void AppendEscaped(StringBuilder text, string words)
    {
        if (words.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0) text.Append(words);
        else AppendEscaped(text, Encoding.UTF8.GetBytes(words));
    }

    private static void Append(StringBuilder text, Rune rune)
    {
        var hostile = Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
        if (!hostile || rune.Value == '\t') text.Append(rune.ToString());
        else if (rune.Value < 0x100) text.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:X2}");
        else text.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}");
    }

    private static string Sender(QueueEntry entry) => entry.ReversePath.Length == 0 ? "<>" : Escape(entry.ReversePath);

    private static string Status(RecipientEntry recipient, DateTimeOffset now)
    {
        var text = new StringBuilder();
        AppendStatus(text, recipient, now);
        return text.ToString();
    }

    private static void AppendStatus(StringBuilder text, RecipientEntry recipient, DateTimeOffset now)
    {
        text.Append(recipient.State switch
        {
            RecipientState.Waiting => "waiting",
            RecipientState.Delivered => "delivered",
            RecipientState.Failed => "failed",
            RecipientState.Discarded => "discarded",
            var unknown => $"state {(byte)unknown}",
        });
        if (recipient.Attempts > 0) text.Append(CultureInfo.InvariantCulture, $", {recipient.Attempts} attempt{(recipient.Attempts == 1 ? "" : "s")}");
        if (recipient.State == RecipientState.Waiting && recipient.NextAttemptUnixMs > 0)
        {
            var wait = DateTimeOffset.FromUnixTimeMilliseconds(recipient.NextAttemptUnixMs) - now;
            text.Append(wait > TimeSpan.Zero ? $", next in {Span(wait)}" : ", due");
        }

        if (recipient.Reason is { Length: > 0 } reason) AppendEscaped(text.Append(": "), reason);
    }

    private static string Age(QueueEntry entry, DateTimeOffset now)
    {
        var age = now - DateTimeOffset.FromUnixTimeMilliseconds(entry.AcceptedUnixMs);
        return Span(age < TimeSpan.Zero ? TimeSpan.Zero : age);
    }

    /// <summary>In the largest unit that gives at least one.</summary>
    private static string Span(TimeSpan span)
    {
        var (value, unit) = span switch
        {
            { TotalDays: >= 1 } => (span.TotalDays, "d"),
            { TotalHours: >= 1 } => (span.TotalHours, "h"),
            { TotalMinutes: >= 1 } => (span.TotalMinutes, "m"),
            _ => (span.TotalSeconds, "s"),
        };
        return Math.Floor(value).ToString(CultureInfo.InvariantCulture) + unit;
    }

    private static string Size(long bytes) => bytes switch
    {
        < 1 << 10 => string.Create(CultureInfo.InvariantCulture, $"{bytes}B"),
        < 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.0}KiB"),
        < 1 << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.0}MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1073741824.0:0.0}GiB"),
    };
}
