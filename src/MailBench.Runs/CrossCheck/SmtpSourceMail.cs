using System.Globalization;
using System.Text;

namespace MailBench.Runs.CrossCheck;

/// <summary>
/// The mail that smtp-source 3.7 sends, for a source that is to send the same: four header fields, lines of 78 characters that begin with a counted digit, and a shorter last one. Recorded with
/// <c>smtp-source -d -s 1 -l 4096 -m 3</c>. All of one run are alike but for the Message-Id, which here is one as well. Pure.
/// </summary>
internal static class SmtpSourceMail
{
    /// <summary>Below that there is not much of a body beside the header.</summary>
    public const int LeastOctets = 512;

    private const int LineOctets = 80;

    /// <summary>What <c>-l</c> must be for content of <paramref name="sizeBytes"/> in all. smtp-source's own Message-Id holds the host's name and process-ID: a few octets more or less.</summary>
    public static long BodyOctets(long sizeBytes, string sender, string recipient) => sizeBytes - Head(sender, recipient).Length - "\r\n".Length;

    /// <summary>Content of exactly <paramref name="sizeBytes"/>, its last line end included.</summary>
    public static string Compose(long sizeBytes, string sender, string recipient)
    {
        var mail = new StringBuilder(Head(sender, recipient));
        var left = BodyOctets(sizeBytes, sender, recipient);
        for (var line = 1; left >= LineOctets; line++, left -= LineOctets) mail.Append((char)('0' + line % 10)).Append('X', LineOctets - 3).Append("\r\n");
        return mail.Append('X', (int)left).Append("\r\n").ToString();
    }

    private static string Head(string sender, string recipient) => string.Create(
        CultureInfo.InvariantCulture, $"From: <{sender}>\r\nTo: <{recipient}>\r\nDate: Mon, 30 Nov 2026 00:13:11 +0000 (UTC)\r\nMessage-Id: <3ac8.0003.0002@sut.test>\r\n\r\n");
}
