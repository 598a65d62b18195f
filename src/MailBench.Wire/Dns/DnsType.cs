namespace MailBench.Wire.Dns;

/// <summary>Record and query types that MailBench speaks (RFC 1035 §3.2.2, RFC 3596, RFC 6891); others pass through as numbers.</summary>
public enum DnsType : ushort
{
    None = 0, A = 1, NS = 2, CNAME = 5, SOA = 6, PTR = 12, MX = 15, TXT = 16, AAAA = 28, OPT = 41, IXFR = 251, AXFR = 252, ANY = 255,
}

/// <summary>Response codes (RFC 1035 §4.1.1, RFC 6891 §9); those above 15 need EDNS.</summary>
public enum DnsRcode : ushort
{
    NoError = 0, FormErr = 1, ServFail = 2, NxDomain = 3, NotImp = 4, Refused = 5, BadVers = 16,
}

/// <summary>The three sections after the question.</summary>
public enum DnsSection { Answer, Authority, Additional }

/// <summary>Sizes and constants of the wire form.</summary>
public static class DnsWire
{
    public const int HeaderBytes = 12;

    /// <summary>RFC 1035 §2.3.4, in wire form with the root label.</summary>
    public const int MaxNameBytes = 255;
    public const int MaxLabelBytes = 63;

    /// <summary>UDP payload of a client that says nothing (RFC 1035 §2.3.4).</summary>
    public const int PlainUdpBytes = 512;
    public const int MaxMessageBytes = 65_535;
    public const ushort ClassIn = 1;
    public const ushort ClassAny = 255;
    public const uint MaxTtl = int.MaxValue;

    internal const ushort FlagResponse = 0x8000;
    internal const ushort FlagAuthoritative = 0x0400;
    internal const ushort FlagTruncated = 0x0200;
    internal const ushort FlagRecursionDesired = 0x0100;
    internal const ushort OpcodeMask = 0x7800;
    internal const int OptBytes = 11;
}
