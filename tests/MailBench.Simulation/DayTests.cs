using System.Globalization;
using MailBench.Model.Options;
using Xunit;

namespace MailBench.Simulation;

/// <summary>
/// How the machines' cost, and that of the little world around them, grows with the number of domains. <c>MAILBENCH_SIM_DAY=1000000</c> goes up to a million domains and a hundred million deliveries, in minutes, and judges times too: for a Release build
/// on a quiet machine.
/// </summary>
public sealed class DayTests
{
    [Fact]
    public void A_delivery_s_cost_hardly_grows_with_the_number_of_domains()
    {
        var most = int.TryParse(Environment.GetEnvironmentVariable("MAILBENCH_SIM_DAY"), CultureInfo.InvariantCulture, out var asked) ? asked : 10_000;
        var days = new List<Day>();
        new Day(500, asked > 0 ? 500_000 : 5_000).Run();
        for (var domains = 1000; domains <= most; domains *= 10)
        {
            var day = new Day(domains, asked > 0 ? Math.Max(1_000_000, domains * 100L) : 50_000);
            day.Run();
            days.Add(day);
            Console.WriteLine(Row(day));
            Assert.Equal((0, 0L), (day.StillOpen, day.Expired));
        }

        // What a site and its sessions cost, no more: with ten times the domains there are at most as many sites as deliveries.
        foreach (var day in days) Assert.True((double)day.AllocatedBytes / day.Delivered < 400, Row(day));
        if (asked == 0) return;
        // Caches make a difference, a logarithm does too; a machine that looks at all of anything would show a factor of ten a row.
        for (var i = 1; i < days.Count; i++) Assert.True(days[i].CpuNs < days[i - 1].CpuNs * 3, $"{Row(days[i - 1])}\n{Row(days[i])}");
    }

    private static string Row(Day day) => string.Create(CultureInfo.InvariantCulture,
        $"{day.Domains,9:N0} domains {day.Delivered,12:N0} delivered {day.Deferred,9:N0} deferred {(double)day.Transactions / day.Delivered,5:F2} transactions {(double)day.Dials / day.Delivered,5:F2} dials {day.Abandoned:N0} abandoned {day.CpuNs,6:F0} ns {(double)day.AllocatedBytes / day.Delivered,5:F0} octets per delivery; at most {day.MostSites:N0} sites {day.MostWaiting:N0} queued {day.MostDue:N0} due; {day.Took.TotalSeconds:F1} s");
}
