using System.Buffers;
using System.Buffers.Text;

namespace MailBench.Wire.Smtp;

/// <summary>The response of SASL PLAIN (RFC 4616 §2): authorization NUL authentication NUL password, in base64; POP3 and IMAP read the same.</summary>
internal static class SaslPlain
{
    private const int MaxName = 255;

    /// <summary>
    /// Decodes into <paramref name="text"/> (as long as base64 may give), of which the results are parts. <c>=</c> is an empty response (RFC 4959). False: it is none; names are not empty and have at
    /// most 255 octets.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> base64, Span<byte> text, out ReadOnlySpan<byte> authorization, out ReadOnlySpan<byte> user, out ReadOnlySpan<byte> password)
    {
        authorization = user = password = default;
        if (Base64.DecodeFromUtf8(base64, text, out var used, out var length) != OperationStatus.Done || used != base64.Length) return false;
        text = text[..length];
        var first = text.IndexOf((byte)0);
        var second = first < 0 ? -1 : text[(first + 1)..].IndexOf((byte)0);
        if (second is < 1 or > MaxName) return false;
        authorization = text[..first];
        user = text.Slice(first + 1, second);
        password = text[(first + second + 2)..];
        return true;
    }
}
