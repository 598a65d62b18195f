using System.Text;

namespace MailBench.EndToEnd.Proofs;

/// <summary>
/// Mail as it lies about: each piece has one ugliness, as a file holds it (lines end in LF, octets as Latin-1). Where <see cref="Refusal"/> is set the MTA must refuse it with these
/// words; everything else must arrive octet for octet.
/// </summary>
internal sealed record UglyMail(string Name, string File, string? Refusal = null)
{
    /// <summary>Octets of a line, the ends included, that RFC 5321 §4.5.3.1.6 has every server take.</summary>
    private const int LongestLine = 1000;

    private static readonly string Utf8 = Encoding.Latin1.GetString("日本語 – naïve\n"u8);

    public static IReadOnlyList<UglyMail> All { get; } =
    [
        new("plain", "Subject: plain\n\nbody\n"),
        new("8-bit", $"Subject: caf\u00e9 in Latin-1\n\n{Enumerable.Range(0x80, 128).Aggregate("", (text, octet) => text + (char)octet)}\n{Utf8}"),
        new("iso-2022-jp", "Subject: =?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=\nContent-Type: text/plain; charset=iso-2022-jp\n\n\u001b$BF|K\\8l\u001b(B\n"),
        new("lines of 998 octets", "Subject: long lines\n\n" + string.Concat(Enumerable.Range(0, 20).Select(i => new string((char)('a' + i), LongestLine - 2) + "\n"))),
        new("lines of 998 octets that begin with a dot", "Subject: x\n\n" + string.Concat(Enumerable.Repeat("." + new string('y', LongestLine - 3) + "\n", 20))),
        new("dots", "Subject: dots\n\n.\n..\n...\n.leading\n \n. \n.\n"),
        new("a dot as the whole body, without a final newline", "Subject: dot\n\n."),
        new("NULs", "Subject: nul\n\n\0\0\0a\0b\n\0\n.\0\n"),
        new("all control characters but CR", $"Subject: controls\n\n{string.Concat(Enumerable.Range(0, 32).Where(c => c is not '\n' and not '\r').Select(c => (char)c))}\u007f\n"),
        new("From lines", "Subject: from\n\nFrom the first line\n\nFrom here on\n>From once\n>>From twice\n> From afar\nfrom below\n From within\n"),
        new("empty body", "Subject: empty body\n\n"),
        new("header without the empty line", "Subject: no body at all\nX-Last: 1\n"),
        new("body without a header", "\nno header\n"),
        new("empty lines at the end", "Subject: ends\n\nx\n\n\n\n"),
        new("what looks like the end of data and a command behind it", "Subject: smuggle\n\nx\n.\nMAIL FROM:<e@vil.test>\nRCPT TO:<u@d0.test>\nDATA\n.\nQUIT\n"),
        new("a line of 60,000 octets", "Subject: long\n\n" + new string('z', 60_000) + "\n"),
        new("folded and broken header", "Subject: a\n\tb\n  c\nNo colon here\n: no name\n\nx\n"),
        new("trace headers of its own", "Received: from x by y; Mon, 05 Jan 2026 09:30:07 +0000\nReturn-Path: <a@b.test>\nSubject: relayed\n\nx\n"),
        new("attachment", Attachment()),
        new("a megabyte", "Subject: large\n\n" + string.Concat(Enumerable.Range(0, 15_000).Select(i => $"{i:D8} .{new string((char)('!' + (i % 90)), 60)}\n"))),
        new("bare CR", "Subject: bare CR\n\na\rb\n", "bare CR"),
        new("CR before CRLF", "Subject: CR CR LF\n\na\r\r\nb\n", "bare CR"),
        new("a line of 70,000 octets", "Subject: too long\n\n" + new string('w', 70_000) + "\n", "a line of content is longer than 65536 octets"),
        new("no final newline", "Subject: unfinished\n\n.the last line \u00ff"),
    ];

    /// <summary>What must follow the trace headers: LF → CRLF where it has no CR, a final CRLF (method: octet for octet).</summary>
    public string Wire
    {
        get
        {
            var wire = File.Replace("\r\n", "\n", StringComparison.Ordinal).Replace("\n", "\r\n", StringComparison.Ordinal);
            return wire.EndsWith("\r\n", StringComparison.Ordinal) ? wire : wire + "\r\n";
        }
    }

    /// <summary>All of them as mboxrd: a From line before each, one <c>&gt;</c> more before each <c>&gt;*From</c>, an empty line behind each but the last, whose end is the file's.</summary>
    public static byte[] Mbox()
    {
        var mbox = new StringBuilder();
        foreach (var mail in All)
        {
            mbox.Append("From sender@source.test Mon Jan  5 09:30:07 2026\n");
            var lines = mail.File.Split('\n');
            mbox.AppendJoin('\n', lines.Select(line => line.TrimStart('>').StartsWith("From ", StringComparison.Ordinal) ? ">" + line : line));
            if (mail != All[^1]) mbox.Append(mail.File.EndsWith('\n') ? "\n" : "\n\n");
        }

        return Encoding.Latin1.GetBytes(mbox.ToString());
    }

    private static string Attachment()
    {
        var octets = new byte[20_000];
        new Random(7).NextBytes(octets);
        var base64 = Convert.ToBase64String(octets, Base64FormattingOptions.InsertLineBreaks).Replace("\r\n", "\n", StringComparison.Ordinal);
        return "Subject: attachment\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"=_b\"\n\npreamble\n--=_b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
            + Utf8 + "--=_b\nContent-Type: application/octet-stream; name=\"a.bin\"\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment\n\n" + base64 + "\n--=_b--\nepilogue\n";
    }
}
