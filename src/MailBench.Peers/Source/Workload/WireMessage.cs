using System.Buffers;
using MailBench.Wire.Smtp;

namespace MailBench.Peers.Source.Workload;

/// <summary>A message as it goes on the wire, prepared once and sent often: dots stuffed, the end of data included.</summary>
public sealed class WireMessage
{
    private readonly byte[] _octets;
    private byte[]? _content;

    private WireMessage(byte[] octets, long contentOctets, int dotsStuffed, BodyKind body)
    {
        _octets = octets;
        ContentOctets = contentOctets;
        DotsStuffed = dotsStuffed;
        Body = body;
    }

    /// <summary>Content with stuffed dots (RFC 5321 §4.5.2), then CRLF (where content lacks it) "." CRLF.</summary>
    public ReadOnlySpan<byte> Octets => _octets;

    /// <summary>Content as it is, for BDAT: the same octets, but where dots were stuffed or the final CRLF was added.</summary>
    public ReadOnlySpan<byte> Content => DotsStuffed == 0 ? _octets.AsSpan(0, (int)ContentOctets) : _content ??= Unstuffed();

    /// <summary>Octets of content before stuffing, without the end of data: what SIZE declares and goodput counts.</summary>
    public long ContentOctets { get; }
    public int DotsStuffed { get; }

    /// <summary><see cref="BodyKind.EightBitMime"/> when any octet is above 127 (RFC 6152).</summary>
    public BodyKind Body { get; }

    /// <summary>Prepares content whose lines already end with CRLF.</summary>
    public static WireMessage Of(ReadOnlySpan<byte> content)
    {
        var output = new ArrayBufferWriter<byte>(content.Length + 64);
        var stuffer = new ContentStuffer();
        stuffer.Write(content, output);
        var dots = stuffer.Finish(output);
        var body = content.ContainsAnyExceptInRange((byte)0, (byte)127) ? BodyKind.EightBitMime : BodyKind.SevenBit;
        return new WireMessage(output.WrittenSpan.ToArray(), content.Length, dots, body);
    }

    private byte[] Unstuffed()
    {
        var content = new byte[ContentOctets];
        int from = 0, to = 0;
        while (to < content.Length)
        {
            // The message starts a line; every later one starts behind CRLF. A stuffed dot is dropped with its search.
            if (_octets[from] == (byte)'.' && (from == 0 || _octets.AsSpan(from - 2, 2).SequenceEqual("\r\n"u8))) from++;
            var line = _octets.AsSpan(from).IndexOf("\r\n"u8) + 2;
            var take = Math.Min(line, content.Length - to);
            _octets.AsSpan(from, take).CopyTo(content.AsSpan(to));
            from += line;
            to += take;
        }

        return content;
    }
}
