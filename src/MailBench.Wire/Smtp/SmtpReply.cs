using System.Buffers;
using System.Text;

namespace MailBench.Wire.Smtp;

/// <summary>
/// A reply of one or more lines (RFC 5321 §4.2): code, optional enhanced status code (RFC 3463, RFC 2034) and text. Immutable; encode once, send often.
/// </summary>
public sealed class SmtpReply
{
    private const int CodeOctets = 4;

    private readonly byte[] _encoded;
    private readonly int _enhancedOctets;
    private string? _enhanced;
    private string? _text;

    private SmtpReply(int code, string? enhanced, string text, byte[] encoded)
    {
        Code = code;
        _enhanced = enhanced;
        _text = text;
        _encoded = encoded;
    }

    private SmtpReply(int code, int enhancedOctets, byte[] encoded)
    {
        Code = code;
        _enhancedOctets = enhancedOctets;
        _encoded = encoded;
    }

    /// <summary>200–599.</summary>
    public int Code { get; }

    /// <summary>For example <c>5.1.1</c>, or null.</summary>
    public string? Enhanced => _enhanced ??= _enhancedOctets == 0 ? null : Encoding.ASCII.GetString(_encoded, CodeOctets, _enhancedOctets);

    /// <summary>The text after code and enhanced code, lines joined by LF. Control characters are replaced by spaces.</summary>
    public string Text => _text ??= Encoding.ASCII.GetString(_encoded.AsSpan()[(CodeOctets + (_enhancedOctets == 0 ? 0 : _enhancedOctets + 1))..^2]);
    public bool IsPositive => Code is >= 200 and < 400;
    public bool IsPermanent => Code >= 500;

    /// <summary>The wire form, CRLF included; each line carries code and enhanced code.</summary>
    public ReadOnlySpan<byte> Encoded => _encoded;

    /// <summary>Makes a reply; throws <see cref="ArgumentOutOfRangeException"/> for a code outside 200–599.</summary>
    public static SmtpReply Of(int code, string? enhanced, string text)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(code, 200);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(code, 599);
        var clean = Clean(text);
        var lines = clean.Split('\n');
        var wire = new StringBuilder();
        for (var i = 0; i < lines.Length; i++)
        {
            wire.Append(code).Append(i == lines.Length - 1 ? ' ' : '-');
            if (enhanced is not null) wire.Append(enhanced).Append(' ');
            wire.Append(lines[i]).Append("\r\n");
        }

        return new SmtpReply(code, enhanced, clean, Encoding.UTF8.GetBytes(wire.ToString()));
    }

    /// <summary>
    /// A reply of one line as it came, its words read when they are asked for: a final reply names the message, so it is new each time, and nobody reads it where all went well.
    /// </summary>
    /// <param name="line">CRLF included, printable ASCII otherwise, with a text behind the codes: what <see cref="Of"/> would write.</param>
    internal static SmtpReply OfLine(int code, int enhancedOctets, ReadOnlySpan<byte> line) => new(code, enhancedOctets, line.ToArray());

    public void WriteTo(IBufferWriter<byte> output) => output.Write(_encoded);

    /// <summary><c>550 5.1.1 no such user</c> on one line, for logs and DSNs.</summary>
    public override string ToString() => (Enhanced is null ? $"{Code} {Text}" : $"{Code} {Enhanced} {Text}").Replace('\n', ' ');

    private static string Clean(string text) => string.Create(text.Length, text, static (target, source) =>
    {
        for (var i = 0; i < source.Length; i++) target[i] = char.IsControl(source[i]) && source[i] != '\n' ? ' ' : source[i];
    });
}
