using System.Buffers.Binary;
using System.Text;

namespace MailBench.Wire.Smtp;

internal enum SmtpVerb : byte { Unknown, NotImplemented, Helo, Ehlo, Lhlo, Mail, Rcpt, Data, Bdat, Rset, Noop, Vrfy, Help, Quit, StartTls }

/// <summary>A command line (without its CRLF) split into verb and argument (RFC 5321 §4.1.1): verbs in any case, white space at the end ignored.</summary>
internal readonly ref struct CommandLine
{
    private CommandLine(SmtpVerb verb, ReadOnlySpan<byte> argument)
    {
        Verb = verb;
        Argument = argument;
    }

    public SmtpVerb Verb { get; }

    /// <summary>What follows the verb, without spaces around it.</summary>
    public ReadOnlySpan<byte> Argument { get; }

    public static CommandLine Parse(ReadOnlySpan<byte> line)
    {
        line = line.TrimEnd((byte)' ');
        var space = line.IndexOf((byte)' ');
        var word = space < 0 ? line : line[..space];
        var argument = space < 0 ? default : line[space..].TrimStart((byte)' ');
        return new CommandLine(word.Length == 4 ? OfFour(word) : OfOther(word), argument);
    }

    /// <summary>Octets that no command may hold; an answer never echoes them (RFC 5321 §4.1.2, §7.1).</summary>
    public static bool HasControl(ReadOnlySpan<byte> line) => line.IndexOfAnyInRange((byte)0, (byte)31) >= 0 || line.Contains((byte)127);

    // Setting bit 5 maps letters, and nothing but letters, to small letters.
    private static SmtpVerb OfFour(ReadOnlySpan<byte> word) => (BinaryPrimitives.ReadUInt32BigEndian(word) | 0x20202020) switch
    {
        0x6d61696c => SmtpVerb.Mail,
        0x72637074 => SmtpVerb.Rcpt,
        0x64617461 => SmtpVerb.Data,
        0x62646174 => SmtpVerb.Bdat,
        0x65686c6f => SmtpVerb.Ehlo,
        0x68656c6f => SmtpVerb.Helo,
        0x6c686c6f => SmtpVerb.Lhlo,
        0x72736574 => SmtpVerb.Rset,
        0x6e6f6f70 => SmtpVerb.Noop,
        0x76726679 => SmtpVerb.Vrfy,
        0x68656c70 => SmtpVerb.Help,
        0x71756974 => SmtpVerb.Quit,
        _ => OfOther(word),
    };

    private static SmtpVerb OfOther(ReadOnlySpan<byte> word)
    {
        if (Ascii.EqualsIgnoreCase(word, "STARTTLS"u8)) return SmtpVerb.StartTls;
        foreach (var known in Elsewhere)
            if (Ascii.EqualsIgnoreCase(word, known)) return SmtpVerb.NotImplemented;
        return SmtpVerb.Unknown;
    }

    /// <summary>Commands of RFC 5321 and of extensions that this server does not offer: 502 rather than 500.</summary>
    private static readonly byte[][] Elsewhere =
    [
        "EXPN"u8.ToArray(), "AUTH"u8.ToArray(), "ETRN"u8.ToArray(), "TURN"u8.ToArray(),
        "SEND"u8.ToArray(), "SOML"u8.ToArray(), "SAML"u8.ToArray(), "BURL"u8.ToArray(),
    ];
}
