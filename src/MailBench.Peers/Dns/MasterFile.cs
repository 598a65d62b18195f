using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MailBench.Wire.Dns;

namespace MailBench.Peers.Dns;

/// <summary>
/// Reads a zone from a standard master file (RFC 1035 §5, RFC 2308 §4): <c>$ORIGIN</c>, <c>$TTL</c>, <c>$INCLUDE</c>, relative names, TTL and class in either
/// order, TTLs also as <c>1h30m</c>. Before an <c>$ORIGIN</c>, the origin is the file's name (<c>example.test.zone</c> → example.test), as a server's configuration would say.
/// </summary>
internal sealed class MasterFile
{
    /// <summary>Types that are read, in the order of the message that lists them.</summary>
    private static readonly DnsType[] Types = [DnsType.A, DnsType.AAAA, DnsType.MX, DnsType.NS, DnsType.SOA, DnsType.CNAME, DnsType.TXT, DnsType.PTR];

    private const int MaxIncludes = 8;
    private const int MaxFileBytes = 1 << 30;

    private readonly ZoneBuilder _builder = new();
    private DnsName? _origin;
    private DnsName? _owner;
    private uint? _defaultTtl;
    private uint? _lastTtl;

    /// <summary>Throws <see cref="ZoneException"/> that begins with <c>FILE:LINE:</c>, or an <see cref="IOException"/> when the file cannot be read.</summary>
    public static Zone Read(string path)
    {
        var file = new MasterFile { _origin = OriginOf(path) };
        file.ReadFile(path, depth: 0);
        return file.Finish(path);
    }

    /// <summary>Reads from a text; <paramref name="name"/> stands in messages, and <paramref name="origin"/> before any <c>$ORIGIN</c>.</summary>
    public static Zone Parse(string text, string name, DnsName? origin = null)
    {
        var file = new MasterFile { _origin = origin };
        file.ReadText(text, name, depth: 0);
        return file.Finish(name);
    }

    private Zone Finish(string name)
    {
        try
        {
            return _builder.Build();
        }
        catch (ZoneException wrong)
        {
            throw new ZoneException($"{name}: {wrong.Message}.", wrong);
        }
    }

    private static DnsName? OriginOf(string path)
    {
        var name = Path.GetFileName(path);
        foreach (var ending in (string[])[".zone", ".db", ".txt"])
            if (name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)) name = name[..^ending.Length];
        if (name.StartsWith("db.", StringComparison.OrdinalIgnoreCase)) name = name[3..];
        return DnsName.TryParse(name, null, out var origin) ? origin : null;
    }

    private void ReadFile(string path, int depth)
    {
        if (new FileInfo(path) is { Exists: true, Length: > MaxFileBytes }) throw new ZoneException($"{path}: a zone file has at most 1 GiB.");
        ReadText(File.ReadAllText(path, Encoding.Latin1), path, depth);
    }

    private void ReadText(string text, string name, int depth)
    {
        var reader = new MasterFileReader(text);
        int? line = null;
        try
        {
            while (true)
            {
                line = null;
                if (reader.Next() is not { } entry) return;
                line = entry.Line;
                if (!entry.HasOwner || entry.Tokens[0] is not { IsQuoted: false, Text: ['$', ..] directive }) ReadRecord(entry);
                else ReadDirective(directive, entry, name, depth);
            }
        }
        catch (ZoneException wrong) when (wrong.InnerException is null)
        {
            throw new ZoneException($"{name}:{line ?? reader.Line}: {wrong.Message}.", wrong);
        }
    }

    private void ReadDirective(string directive, MasterEntry entry, string path, int depth)
    {
        string Argument() => entry.Tokens.Count > 1 ? entry.Tokens[1].Text : throw new ZoneException($"{directive} needs an argument");
        switch (directive.ToUpperInvariant())
        {
            case "$ORIGIN":
                _origin = ReadName(Argument());
                break;
            case "$TTL":
                _defaultTtl = TryReadTtl(Argument(), out var ttl) ? ttl : throw new ZoneException($"'{Argument()}' is not a TTL; write seconds, or for example 1h30m");
                break;
            case "$INCLUDE":
                if (depth == MaxIncludes) throw new ZoneException($"$INCLUDE goes deeper than {MaxIncludes} files");
                var (origin, owner) = (_origin, _owner);
                if (entry.Tokens.Count > 2) _origin = ReadName(entry.Tokens[2].Text);
                ReadFile(Path.Combine(Path.GetDirectoryName(path) ?? "", Argument()), depth + 1);
                // RFC 1035 §5.1: an include changes neither the origin nor the owner of the including file.
                (_origin, _owner) = (origin, owner);
                break;
            default:
                throw new ZoneException($"'{directive}' is not a directive; there are $ORIGIN, $TTL and $INCLUDE");
        }
    }

    /// <summary><c>[owner] [TTL] [class] type data</c>, TTL and class in either order.</summary>
    private void ReadRecord(MasterEntry entry)
    {
        var tokens = entry.Tokens;
        var at = 0;
        if (entry.HasOwner) _owner = ReadName(tokens[at++].Text);
        if (_owner is null) throw new ZoneException("a record without an owner, and none stands before it");

        uint? ttl = null;
        var hasClass = false;
        for (; at < tokens.Count; at++)
        {
            var word = tokens[at].Text;
            if (!hasClass && word.Equals("IN", StringComparison.OrdinalIgnoreCase)) hasClass = true;
            else if (ttl is null && word.Length > 0 && char.IsAsciiDigit(word[0]) && TryReadTtl(word, out var given)) ttl = given;
            else break;
        }

        if (at == tokens.Count) throw new ZoneException("a record without a type");
        if (tokens[at].Text.ToUpperInvariant() is "CH" or "HS" or "CS") throw new ZoneException($"class {tokens[at].Text} is not served, only IN");
        if (!Enum.TryParse<DnsType>(tokens[at].Text, ignoreCase: true, out var type) || !Types.Contains(type) || char.IsAsciiDigit(tokens[at].Text[0]))
            throw new ZoneException($"'{tokens[at].Text}' is not a type that is served; there are {string.Join(", ", Types)}");

        var rdata = ReadData(type, new DataReader(this, type, tokens, at + 1));
        // RFC 2308 §4, RFC 1035 §5.1: the record's own TTL, else $TTL, else the last one's; before any, the SOA's minimum.
        _lastTtl = ttl ?? _defaultTtl ?? _lastTtl ?? (type == DnsType.SOA ? rdata.SoaMinimum : throw new ZoneException("no TTL: give one, or $TTL before the first record"));
        _builder.Add(_owner, _lastTtl.Value, rdata);
    }

    private static DnsRdata ReadData(DnsType type, DataReader data)
    {
        var rdata = type switch
        {
            DnsType.A => DnsRdata.Address(data.Address(AddressFamily.InterNetwork)),
            DnsType.AAAA => DnsRdata.Address(data.Address(AddressFamily.InterNetworkV6)),
            DnsType.MX => DnsRdata.Mx((ushort)data.Number(ushort.MaxValue), data.Name()),
            DnsType.SOA => DnsRdata.Soa(data.Name(), data.Name(), data.Number(uint.MaxValue), data.Ttl(), data.Ttl(), data.Ttl(), data.Ttl()),
            DnsType.TXT => DnsRdata.Txt(data.Strings()),
            _ => DnsRdata.Host(type, data.Name()),
        };
        data.End();
        return rdata;
    }

    private DnsName ReadName(string text)
    {
        if (_origin is null && !text.EndsWith('.')) throw new ZoneException($"the name '{text}' is relative, and no $ORIGIN stands before it");
        return DnsName.TryParse(text, _origin, out var name) ? name : throw new ZoneException($"'{text}' is not a domain name");
    }

    /// <summary>Seconds, or a sum of numbers with the units w d h m s.</summary>
    internal static bool TryReadTtl(ReadOnlySpan<char> text, out uint seconds)
    {
        seconds = 0;
        var sum = 0L;
        for (var at = 0; at < text.Length;)
        {
            var start = at;
            while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
            if (!uint.TryParse(text[start..at], NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return false;
            long unit = 1;
            if (at < text.Length)
            {
                unit = char.ToLowerInvariant(text[at++]) switch { 'w' => 604_800, 'd' => 86_400, 'h' => 3_600, 'm' => 60, 's' => 1, _ => 0 };
                if (unit == 0) return false;
            }

            sum += number * unit;
            if (sum > DnsWire.MaxTtl) return false;
        }

        seconds = (uint)sum;
        return text.Length > 0;
    }

    /// <summary>The words of one record's data, taken one after the other.</summary>
    private sealed class DataReader(MasterFile file, DnsType type, IReadOnlyList<MasterToken> tokens, int at)
    {
        private int _at = at;

        public DnsName Name() => file.ReadName(Next("a domain name"));

        public uint Number(uint max) => Next("a number") is var text && uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= max
            ? number
            : throw new ZoneException($"'{text}' in {type} is not a number up to {max}");

        public uint Ttl() => Next("a time") is var text && TryReadTtl(text, out var seconds)
            ? seconds
            : throw new ZoneException($"'{text}' in {type} is not a time; write seconds, or for example 1h30m");

        /// <summary>IPAddress alone would take <c>127.1</c> too; a master file wants four numbers.</summary>
        public IPAddress Address(AddressFamily family) => Next("an address") is var text && IPAddress.TryParse(text, out var address) && address.AddressFamily == family
            && (family == AddressFamily.InterNetworkV6 || text.Count(c => c == '.') == 3)
                ? address
                : throw new ZoneException($"'{text}' is not an address for {type}");

        public IReadOnlyList<byte[]> Strings()
        {
            var strings = new List<byte[]>();
            do
            {
                var text = Next("a string");
                var octets = new List<byte>(text.Length);
                for (var i = 0; i < text.Length;)
                    octets.Add(DnsName.TryUnescape(text, ref i, out var octet) ? octet : throw new ZoneException($"'{text}' has an escape that is neither \\X nor \\DDD up to 255"));
                if (octets.Count > 255) throw new ZoneException($"a string of TXT has {octets.Count} octets; at most 255 fit, so split it into several");
                strings.Add([.. octets]);
            }
            while (_at < tokens.Count);

            return strings.Sum(text => text.Length + 1) <= DnsWire.MaxMessageBytes / 2 ? strings : throw new ZoneException("TXT of more than 32 KiB");
        }

        public void End()
        {
            if (_at < tokens.Count) throw new ZoneException($"'{tokens[_at].Text}' is too much for {type}");
        }

        private string Next(string what) => _at < tokens.Count ? tokens[_at++].Text : throw new ZoneException($"{type} lacks {what}");
    }
}
