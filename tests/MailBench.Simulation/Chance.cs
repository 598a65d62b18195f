namespace MailBench.Simulation;

/// <summary>
/// Draws that depend on the seed and on what is drawn for alone, never on what was drawn before: a scenario from which something is taken away still
/// draws the same for the rest, so that a failure can be made small.
/// </summary>
internal readonly record struct Chance(int Seed)
{
    /// <summary>In [0, 1).</summary>
    public double Of(long a, long b = 0, long c = 0) => (Mix(a, b, c) >> 11) * (1.0 / (1UL << 53));

    public bool Happens(double share, long a, long b = 0, long c = 0) => share > 0 && Of(a, b, c) < share;

    /// <summary>In [0, <paramref name="limit"/>).</summary>
    public int Below(int limit, long a, long b = 0, long c = 0) => (int)(Of(a, b, c) * limit);

    private ulong Mix(long a, long b, long c)
    {
        var x = Turn((ulong)Seed + 0x9E3779B97F4A7C15UL);
        x = Turn(x ^ ((ulong)a * 0xD1B54A32D192ED03UL));
        x = Turn(x ^ ((ulong)b * 0xABC98388FB8FAC03UL));
        return Turn(x ^ ((ulong)c * 0x8CB92BA72F3D8DD7UL));
    }

    private static ulong Turn(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9UL;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EBUL;
        return x ^ (x >> 31);
    }
}
