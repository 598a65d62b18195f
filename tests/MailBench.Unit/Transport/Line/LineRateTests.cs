using System.Globalization;
using MailBench.Transport;
using Xunit;

namespace MailBench.Unit.Transport.Line;

/// <summary>
/// The line's capacity holds: wire octets over capacity × time. Windows are short and bounds loose, since the machine is shared; MAILBENCH_LINE_SECONDS=10 makes
/// the runs of the issue.
/// </summary>
public sealed class LineRateTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(
        double.Parse(Environment.GetEnvironmentVariable("MAILBENCH_LINE_SECONDS") ?? "2", CultureInfo.InvariantCulture));

    [Theory]
    [InlineData("1.5Mbit/s", 0.02)]
    [InlineData("10Mbit/s", 0.02)]
    [InlineData("100Mbit/s", 0.05)]
    [InlineData("1Gbit/s", 1)]
    public async Task Bulk_fills_the_line_and_no_more(string capacity, double below)
    {
        await using var bench = await LineBench.StartAsync(capacity, _ => LineBench.Discard());
        for (var i = 0; i < 4; i++) await bench.Dial(LineBench.Bulk());
        var (forward, reverse) = await bench.BusyAsync(capacity, Window, TimeSpan.FromMilliseconds(300));
        output.WriteLine($"{capacity} bulk: forward {forward:P3}, reverse {reverse:P3}");
        Assert.InRange(forward, 1 - below, 1.01);
        Assert.InRange(reverse, 0, 0.1);
    }

    [Theory]
    [InlineData("1.5Mbit/s", 0.02)]
    [InlineData("10Mbit/s", 0.02)]
    [InlineData("100Mbit/s", 0.05)]
    public async Task Messages_of_4_KiB_with_replies_fill_the_line_and_no_more(string capacity, double below)
    {
        await using var bench = await LineBench.StartAsync(capacity, _ => LineBench.Replier());
        for (var i = 0; i < 16; i++) await bench.Dial(LineBench.Chatter());
        var (forward, reverse) = await bench.BusyAsync(capacity, Window, TimeSpan.FromMilliseconds(300));
        output.WriteLine($"{capacity} chatter: forward {forward:P3}, reverse {reverse:P3}");
        Assert.InRange(forward, 1 - below, 1.01);
        Assert.InRange(reverse, 0.01, 0.1);
    }

    [Fact]
    public async Task Bulk_fills_both_directions_at_once()
    {
        await using var bench = await LineBench.StartAsync("10Mbit/s", _ => LineBench.Bulk());
        for (var i = 0; i < 4; i++) await bench.Dial(LineBench.Bulk());
        var (forward, reverse) = await bench.BusyAsync("10Mbit/s", Window, TimeSpan.FromMilliseconds(300));
        output.WriteLine($"both: forward {forward:P3}, reverse {reverse:P3}");
        Assert.InRange(forward, 0.97, 1.01);
        Assert.InRange(reverse, 0.97, 1.01);
    }

    [Fact]
    public async Task The_portable_loop_carries_the_line_too()
    {
        await using var bench = await LineBench.StartAsync("10Mbit/s", _ => LineBench.Discard(), portable: true);
        for (var i = 0; i < 4; i++) await bench.Dial(LineBench.Bulk());
        var (forward, _) = await bench.BusyAsync("10Mbit/s", Window, TimeSpan.FromMilliseconds(300));
        output.WriteLine($"portable: forward {forward:P3}");
        Assert.InRange(forward, 0.9, 1.01);
    }
}
