using System.Globalization;

namespace MailBench.Benchmarks.Rows;

/// <summary>What the whole machine did meanwhile: a figure taken while others computed, or the hypervisor stole, is worth less, so each round says so.</summary>
internal readonly record struct MachineTime(double BusySeconds, double StealSeconds, double IdleSeconds)
{
    private const double TicksPerSecond = 100;

    public static MachineTime Now()
    {
        // proc(5): cpu user nice system idle iowait irq softirq steal, in ticks.
        var ticks = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Select(text => double.Parse(text, CultureInfo.InvariantCulture) / TicksPerSecond).ToArray();
        return new MachineTime(ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6], ticks[7], ticks[3] + ticks[4]);
    }

    /// <summary>Shares of the machine since <paramref name="before"/>: busy with anything, and stolen.</summary>
    public string Since(MachineTime before)
    {
        var (busy, steal, idle) = (BusySeconds - before.BusySeconds, StealSeconds - before.StealSeconds, IdleSeconds - before.IdleSeconds);
        var all = busy + steal + idle;
        return all <= 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"machine busy {busy / all:P0}, steal {steal / all:P1}");
    }

    /// <summary>The processors and the kernel, for the heading of a row.</summary>
    public static string Describe() => string.Create(CultureInfo.InvariantCulture,
        $"{Environment.ProcessorCount} processors, {System.Runtime.InteropServices.RuntimeInformation.OSDescription}, {System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription}, load {File.ReadAllText("/proc/loadavg").Split(' ')[0]}");
}
