using System.Buffers.Binary;

namespace MailBench.Wire.Pop3;

/// <summary>Commands of RFC 1939, RFC 2449, RFC 2595 and RFC 5034. <c>Greeting</c> is what a client awaits first, no command.</summary>
public enum Pop3Verb : byte { Unknown, Greeting, User, Pass, Auth, Capa, Stat, List, Uidl, Retr, Top, Dele, Rset, Noop, Quit, Stls }

/// <summary>A command line without its CRLF, split into verb and argument; verbs in any case.</summary>
internal readonly ref struct Pop3Line
{
    private Pop3Line(Pop3Verb verb, ReadOnlySpan<byte> argument)
    {
        Verb = verb;
        Argument = argument;
    }

    public Pop3Verb Verb { get; }

    /// <summary>What follows the one space behind the verb, as it is: passwords may begin and end with spaces (RFC 1939 §7).</summary>
    public ReadOnlySpan<byte> Argument { get; }

    public static Pop3Line Parse(ReadOnlySpan<byte> line)
    {
        var space = line.IndexOf((byte)' ');
        return new Pop3Line(VerbOf(space < 0 ? line : line[..space]), space < 0 ? default : line[(space + 1)..]);
    }

    // Setting bit 5 maps letters, and nothing but letters, to small letters.
    private static Pop3Verb VerbOf(ReadOnlySpan<byte> word) => word.Length switch
    {
        4 => (BinaryPrimitives.ReadUInt32BigEndian(word) | 0x20202020) switch
        {
            0x75736572 => Pop3Verb.User,
            0x70617373 => Pop3Verb.Pass,
            0x61757468 => Pop3Verb.Auth,
            0x63617061 => Pop3Verb.Capa,
            0x73746174 => Pop3Verb.Stat,
            0x6c697374 => Pop3Verb.List,
            0x7569646c => Pop3Verb.Uidl,
            0x72657472 => Pop3Verb.Retr,
            0x64656c65 => Pop3Verb.Dele,
            0x72736574 => Pop3Verb.Rset,
            0x6e6f6f70 => Pop3Verb.Noop,
            0x71756974 => Pop3Verb.Quit,
            0x73746c73 => Pop3Verb.Stls,
            _ => Pop3Verb.Unknown,
        },
        3 when ((word[0] | 0x20) << 16 | (word[1] | 0x20) << 8 | (word[2] | 0x20)) == 0x746f70 => Pop3Verb.Top,
        _ => Pop3Verb.Unknown,
    };
}
