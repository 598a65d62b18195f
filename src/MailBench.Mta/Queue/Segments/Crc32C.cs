using System.Buffers.Binary;
using System.Numerics;

namespace MailBench.Mta.Queue.Segments;

/// <summary>CRC-32C (Castagnoli, RFC 3720 §12.1), which processors compute eight octets at a time. Start with 0; a sum continues over pieces.</summary>
internal static class Crc32C
{
    public static uint Append(uint sum, ReadOnlySpan<byte> octets)
    {
        sum = ~sum;
        while (octets.Length >= 8)
        {
            sum = BitOperations.Crc32C(sum, BinaryPrimitives.ReadUInt64LittleEndian(octets));
            octets = octets[8..];
        }

        foreach (var octet in octets) sum = BitOperations.Crc32C(sum, octet);
        return ~sum;
    }
}
