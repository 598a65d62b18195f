using System.Text;
using MailBench.Model.Options;
using MimeKit;

namespace MailBench.Peers.Source.Workload;

/// <summary>
/// <c>--size S</c>: messages of exactly S octets of content, text/plain in US-ASCII with lines of at most 72 characters and no dot that would be stuffed, so
/// that octets on the wire can be calculated. Below the size of a header, content is an empty line and text (or only text), without header fields.
/// </summary>
internal static class SizedMail
{
    private const int Distinct = 64;
    private const long KeptBytes = 64L << 20;
    private const int LineCharacters = 72;

    public static IEnumerable<byte[]> Compose(long sizeBytes, WorkloadOptions options)
    {
        if (sizeBytes is < 2 or > Corpus.MemoryLimitBytes)
            throw new WorkloadException($"A size of {sizeBytes} octets is outside 2 octets to {Corpus.MemoryLimitBytes >> 20}MiB.");
        var composer = new Composer(options);
        for (var i = 0; i < Math.Clamp(KeptBytes / sizeBytes, 1, Distinct); i++) yield return One((int)sizeBytes, composer);
    }

    private static byte[] One(int sizeBytes, Composer composer)
    {
        var message = composer.Begin($"Delivery test {composer.Composed}", Encoding.ASCII);
        message.Body = composer.Text("plain", "", Encoding.ASCII, ContentEncoding.SevenBit);
        var head = HeadOf(Composer.Octets(message));
        var content = new byte[sizeBytes];
        var at = 0;
        if (sizeBytes - head.Length is 0 or >= 2)
        {
            head.CopyTo(content, 0);
            at = head.Length;
        }
        else if (sizeBytes >= 4)
        {
            "\r\n"u8.CopyTo(content);
            at = 2;
        }

        Fill(content.AsSpan(at), composer.Random);
        return content;
    }

    /// <summary>The header section and the empty line, whatever the formatter put after it.</summary>
    private static byte[] HeadOf(byte[] octets) => octets[..(octets.AsSpan().IndexOf("\r\n\r\n"u8) + 4)];

    /// <summary>Words in lines, CRLF at the very end. At least two octets.</summary>
    private static void Fill(Span<byte> text, Random random)
    {
        for (var at = 0; at < text.Length;)
        {
            var left = text.Length - at;
            // Never leave a rest of a single octet: it could not hold a line end.
            var line = left <= LineCharacters + 2 ? left : left - (LineCharacters + 2) == 1 ? LineCharacters + 1 : LineCharacters + 2;
            FillLine(text.Slice(at, line), random);
            at += line;
        }
    }

    private static void FillLine(Span<byte> line, Random random)
    {
        var characters = line[..^2];
        for (var at = 0; at < characters.Length;)
        {
            var word = Prose.AsciiWords[random.Next(Prose.AsciiWords.Length)].AsSpan();
            var length = Math.Min(word.Length, characters.Length - at);
            word[..length].CopyTo(characters[at..]);
            at += length;
            if (at < characters.Length) characters[at++] = (byte)' ';
        }

        // A line that ends in a space would not survive every editor on the way to a bug report.
        if (characters.Length > 0 && characters[^1] == ' ') characters[^1] = (byte)'-';
        "\r\n"u8.CopyTo(line[^2..]);
    }
}
