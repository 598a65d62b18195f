using System.Diagnostics.CodeAnalysis;
using System.Text;
using MimeKit;

namespace MailBench.Mta.Conversion;

/// <summary>
/// 8-bit content made 7-bit by MIME (RFC 6152 §3, RFC 2045 §6): the parts that need it get quoted-printable or base64, whichever is shorter, and nothing else changes. A signature over the
/// body breaks by it; a multipart/signed is therefore left alone, and refused when it holds 8-bit octets, as are headers that do (nobody says in which charset they are).
/// </summary>
internal static class SevenBitForm
{
    /// <summary>Larger messages are not converted: they would have to be in memory as a whole, three times.</summary>
    public const long MaxBytes = 16L << 20;

    private static readonly FormatOptions Wire = Crlf();

    /// <summary>The content in 7-bit form with CRLF line ends; false, with a clause that says why, where there is none.</summary>
    public static bool TryMake(byte[] content, [NotNullWhen(true)] out byte[]? converted, [NotNullWhen(false)] out string? refusal)
    {
        converted = null;
        refusal = null;
        try
        {
            using var source = new MemoryStream(content, writable: false);
            using var message = MimeMessage.Load(source);
            Label(message);
            message.Prepare(EncodingConstraint.SevenBit);
            using var target = new MemoryStream(content.Length + (content.Length / 2));
            message.WriteTo(Wire, target);
            converted = target.ToArray();
        }
        catch (FormatException malformed)
        {
            refusal = $"its MIME structure cannot be read: {malformed.Message}";
            return false;
        }

        if (Ascii.IsValid(converted)) return true;
        converted = null;
        refusal = "it has 8-bit octets in its header or in a signed part, which may not be changed";
        return false;
    }

    /// <summary>What encloses 8-bit parts says so in a field of its own, which would be wrong from now on.</summary>
    private static void Label(MimeMessage message)
    {
        if (message.Body is not Multipart multipart || multipart is MimeKit.Cryptography.MultipartSigned) return;
        var field = multipart.Headers.IndexOf(HeaderId.ContentTransferEncoding);
        if (field >= 0) multipart.Headers.RemoveAt(field);
    }

    private static FormatOptions Crlf()
    {
        var options = FormatOptions.Default.Clone();
        options.NewLineFormat = NewLineFormat.Dos;
        return options;
    }
}
