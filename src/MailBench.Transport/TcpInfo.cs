using System.Runtime.InteropServices;

namespace MailBench.Transport;

/// <summary>Reads <c>struct tcp_info</c> of Linux (linux/tcp.h; fields are only ever appended).</summary>
internal static class TcpInfo
{
    /// <summary>IPPROTO_TCP, TCP_INFO.</summary>
    public const int Level = 6, Name = 11;

    /// <summary>Through <c>tcpi_bytes_sent</c>, which Linux has since 4.19.</summary>
    public const int NeededBytes = 208;
    public const int BufferBytes = 256;

    public static TcpCounts? Parse(ReadOnlySpan<byte> info) => info.Length < NeededBytes
        ? null
        : new TcpCounts(
            SegmentsOut: MemoryMarshal.Read<uint>(info[136..]),
            SegmentsIn: MemoryMarshal.Read<uint>(info[140..]),
            BytesSent: MemoryMarshal.Read<long>(info[200..]),
            BytesReceived: MemoryMarshal.Read<long>(info[128..]),
            SendMss: MemoryMarshal.Read<int>(info[16..]),
            UnsentBytes: MemoryMarshal.Read<int>(info[144..]),
            UnackedSegments: MemoryMarshal.Read<int>(info[24..]));
}
