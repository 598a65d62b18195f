using System.Globalization;
using System.Text.Json;
using MailBench.Model.Units;

namespace MailBench.Runs.Testbed.Lines;

/// <summary>What a direction's queueing discipline has carried: octets of whole Ethernet frames (header included; FCS, preamble and gap not), and frames that found its queue full.</summary>
internal readonly record struct BucketCount(long Octets, long Frames, long Dropped);

/// <summary>
/// One direction of a kernel line: the token bucket filter <c>tbf</c> at the root of an interface (tc-tbf(8)). A change of rate keeps its counts.
/// </summary>
internal sealed record TokenBucket(string? Network, string Interface)
{
    /// <summary>
    /// What may leave back to back: as much as the line carries in 4 ms, since the kernel's timer comes that late on a busy virtual machine, and never less than two full frames.
    /// What a timer makes late is then made good, as in the user-space line; over a window of seconds it adds nothing.
    /// </summary>
    private const double BurstSeconds = 0.004;
    private const int LeastBurst = 4096;
    private const int AllSegments = 65535;

    /// <summary>An open line: so wide that no processor fills it.</summary>
    private const long Open = 100_000_000_000;

    /// <summary><paramref name="queue"/>: octets that may wait; a frame that finds no room is dropped, and its sender's TCP finds out.</summary>
    public async Task SetAsync(BitRate rate, ByteSize queue, CancellationToken cancellationToken)
    {
        // One segment a buffer: no segmentation offload, which would hand 64 KiB at a time to a slow line. An open one may have it: the discipline counts the headers all the same.
        await KernelTools.RunAsync(Network, $"ip link set dev {Interface} gso_max_segs {(rate.IsUnlimited ? AllSegments : 1)}", cancellationToken);
        await KernelTools.RunAsync(Network, Command(rate, queue), cancellationToken);
    }

    public async Task<BucketCount> CountAsync(CancellationToken cancellationToken) =>
        Parse(await KernelTools.RunAsync(Network, $"tc -s -j qdisc show dev {Interface}", cancellationToken));

    internal string Command(BitRate rate, ByteSize queue)
    {
        var bits = rate.IsUnlimited ? Open : rate.BitsPerSecond;
        var burst = Math.Clamp(bits / 8 * BurstSeconds, LeastBurst, 1 << 20);
        // An open line holds nothing back; a tail drop there would be the testbed's.
        var limit = rate.IsUnlimited ? 64 << 20 : Math.Max(queue.Bytes, LeastBurst);
        return string.Create(CultureInfo.InvariantCulture, $"tc qdisc replace dev {Interface} root tbf rate {bits}bit burst {burst:0}b limit {limit}b");
    }

    /// <summary>Reads <c>tc -s -j qdisc show</c>. Throws <see cref="RoleFailedException"/> for anything without a tbf.</summary>
    internal static BucketCount Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            foreach (var discipline in document.RootElement.EnumerateArray())
                if (discipline.GetProperty("kind").GetString() == "tbf")
                    return new BucketCount(discipline.GetProperty("bytes").GetInt64(), discipline.GetProperty("packets").GetInt64(), discipline.GetProperty("drops").GetInt64());
        }
        catch (Exception unread) when (unread is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new RoleFailedException($"tc gave no counts of the line: {unread.Message}");
        }

        throw new RoleFailedException("tc shows no tbf on the line: somebody took it away");
    }
}
