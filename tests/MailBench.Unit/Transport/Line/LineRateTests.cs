using System.Globalization;
using MailBench.Transport;
using Xunit;

namespace MailBench.Unit.Transport.Line;

/// <summary>
/// The line's capacity holds: wire octets over capacity × time are never more than the line can carry, and as many as it can while something waits.
/// Windows are short, since the machine is shared; MAILBENCH_LINE_SECONDS=10 makes them long, and a machine of one's own then shows ±0.2 %.
/// </summary>
public sealed class LineRateTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(
        double.Parse(Environment.GetEnvironmentVariable("MAILBENCH_LINE_SECONDS") ?? "2", CultureInfo.InvariantCulture));

    [Theory]
    [InlineData("1.5Mbit/s")]
    [InlineData("10Mbit/s")]
    [InlineData("100Mbit/s")]
    [InlineData("1Gbit/s")]
    public async Task Bulk_fills_the_line_and_no_more(string capacity)
    {
        await using var bench = await LineBench.StartAsync(capacity, _ => LineBench.Discard());
        for (var i = 0; i < 4; i++) await bench.Dial(LineBench.Bulk());
        var busy = await MeasureAsync(bench, capacity, "bulk");
        AssertFull(busy.Forward, busy.ForwardBacklogged - busy.Late, capacity);
        Assert.InRange(busy.Reverse, 0, 0.1);
    }

    [Theory]
    [InlineData("1.5Mbit/s")]
    [InlineData("10Mbit/s")]
    [InlineData("100Mbit/s")]
    public async Task Messages_of_4_KiB_with_replies_fill_the_line_and_no_more(string capacity)
    {
        await using var bench = await LineBench.StartAsync(capacity, _ => LineBench.Replier());
        for (var i = 0; i < 16; i++) await bench.Dial(LineBench.Chatter());
        var busy = await MeasureAsync(bench, capacity, "messages");
        AssertFull(busy.Forward, busy.ForwardBacklogged - busy.Late, capacity);

        // A hundredth of what went forward at least, as on a full line.
        Assert.InRange(busy.Reverse, 0.01 * busy.Forward, 0.1);
    }

    [Fact]
    public async Task Bulk_fills_both_directions_at_once()
    {
        await using var bench = await LineBench.StartAsync("10Mbit/s", _ => LineBench.Bulk());
        for (var i = 0; i < 4; i++) await bench.Dial(LineBench.Bulk());
        var busy = await MeasureAsync(bench, "10Mbit/s", "both ways", bothWays: true);
        AssertFull(busy.Forward, busy.ForwardBacklogged - busy.Late, "10Mbit/s");
        AssertFull(busy.Reverse, busy.ReverseBacklogged - busy.Late, "10Mbit/s");
    }

    [Fact]
    public async Task The_portable_loop_carries_the_line_too()
    {
        await using var bench = await LineBench.StartAsync("10Mbit/s", _ => LineBench.Discard(), portable: true);
        for (var i = 0; i < 4; i++) await bench.Dial(LineBench.Bulk());
        var busy = await MeasureAsync(bench, "10Mbit/s", "portable, bulk");
        AssertFull(busy.Forward, busy.ForwardBacklogged - busy.Late, "10Mbit/s");
    }

    /// <summary>
    /// On a busy machine the sources may starve, and then nothing waits, or the line itself, and then it says so. What counts is the share of the time in which
    /// something waited and the line had a processor; at 1 Gbit/s, only that it carries no more than that. Lateness of before the window, made good in it, may add
    /// what the line allows for that.
    /// </summary>
    private static void AssertFull(double busy, double share, string capacity) =>
        Assert.InRange(busy, Least(share, capacity), Most);

    private static double Least(double share, string capacity) => capacity == "1Gbit/s" ? 0.01 : share - 0.03;

    private static double Most => 1.01 + 0.05 / Window.TotalSeconds;

    /// <summary>Sinks that starve hold up a line that is not late itself: too little counts if it is there again and again. Too much is never allowed.</summary>
    private async Task<LineBench.Share> MeasureAsync(LineBench bench, string capacity, string load, bool bothWays = false)
    {
        for (var attempt = 1; ; attempt++)
        {
            var before = bench.Node.Loop.ThreadCpuNs;
            var busy = await bench.BusyAsync(capacity, Window, TimeSpan.FromMilliseconds(300));
            var core = (bench.Node.Loop.ThreadCpuNs - before) / 1e9 / (Window.TotalSeconds + 0.3);
            output.WriteLine($"{capacity} {load}: busy forward {busy.Forward:P3} (backlogged {busy.ForwardBacklogged:P2}, late {busy.Late:P2}), reverse {busy.Reverse:P3}; the line took {core:P0} of a core");
            var tooLittle = busy.Forward < Least(busy.ForwardBacklogged - busy.Late, capacity) || (bothWays && busy.Reverse < Least(busy.ReverseBacklogged - busy.Late, capacity));
            if (!tooLittle || attempt == 3) return busy;
            Assert.InRange(Math.Max(busy.Forward, busy.Reverse), 0, Most);
        }
    }
}
