using System.Globalization;

namespace MailBench.Model.Units;

/// <summary>A number of octets. Written <c>512B</c>, <c>4KiB</c>, <c>64MiB</c> (powers of 1024) or <c>10kB</c>, <c>1MB</c> (powers of 1000).</summary>
public readonly record struct ByteSize(long Bytes) : IComparable<ByteSize>
{
    private static readonly (string Suffix, long Factor)[] Suffixes =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("B", 1), ("", 1),
    ];

    /// <summary>Parses the written form; <c>false</c> when it is not a non-negative size that fits in 63 bits.</summary>
    public static bool TryParse(string? text, out ByteSize size)
    {
        size = default;
        if (!Quantity.TryScale(text, Suffixes, out var value)) return false;
        size = new ByteSize((long)Math.Round(value));
        return true;
    }

    /// <summary>Parses the written form; throws <see cref="FormatException"/> that names the accepted forms.</summary>
    public static ByteSize Parse(string text) => TryParse(text, out var size)
        ? size
        : throw new FormatException($"'{text}' is not a size; write for example 512B, 4KiB or 64MiB.");

    public int CompareTo(ByteSize other) => Bytes.CompareTo(other.Bytes);

    public override string ToString() => Bytes switch
    {
        >= 1L << 30 when Bytes % (1L << 30) == 0 => (Bytes >> 30).ToString(CultureInfo.InvariantCulture) + "GiB",
        >= 1L << 20 when Bytes % (1L << 20) == 0 => (Bytes >> 20).ToString(CultureInfo.InvariantCulture) + "MiB",
        >= 1L << 10 when Bytes % (1L << 10) == 0 => (Bytes >> 10).ToString(CultureInfo.InvariantCulture) + "KiB",
        _ => Bytes.ToString(CultureInfo.InvariantCulture) + "B",
    };
}
