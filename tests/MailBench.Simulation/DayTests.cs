using System.Globalization;
using MailBench.Model.Options;
using Xunit;

namespace MailBench.Simulation;

/// <summary>
/// How the machines' cost grows with the number of domains, a hundred deliveries to each. <c>MAILBENCH_SIM_DAY=1000000</c> goes up to a million domains
/// and a hundred million deliveries, in minutes; best in a Release build.
/// </summary>
public sealed class DayTests
{
    [Fact]
    public void A_delivery_s_cost_hardly_grows_with_the_number_of_domains()
    {
        var most = int.TryParse(Environment.GetEnvironmentVariable("MAILBENCH_SIM_DAY"), CultureInfo.InvariantCulture, out var asked) ? asked : 10_000;
        var days = new List<Day>();
        new Day(500, 20_000).Run();
        for (var domains = 1000; domains <= most; domains *= 10)
        {
            var day = new Day(domains, domains * (asked > 0 ? 100L : domains > 1000 ? 20L : 100L));
            day.Run();
            days.Add(day);
            Console.WriteLine(Row(day));
        }

        foreach (var day in days) Assert.True((double)day.AllocatedBytes / day.Delivered < 400, Row(day));
        if (asked == 0) return;
        // Caches make a difference, a logarithm does too; a machine that looks at all of anything would show a factor of ten a row. Times are for a quiet machine.
        for (var i = 1; i < days.Count; i++) Assert.True(days[i].MachineNs < days[i - 1].MachineNs * 4, $"{Row(days[i - 1])}\n{Row(days[i])}");
    }

    private static string Row(Day day) => string.Create(CultureInfo.InvariantCulture,
        $"{day.Domains,9:N0} domains {day.Delivered,12:N0} delivered {day.Expired,6:N0} expired {(double)day.Transactions / day.Delivered,5:F2} transactions {(double)day.Dials / day.Delivered,5:F2} dials {day.MachineNs,6:F0} ns of {day.Took.TotalNanoseconds / day.Delivered,6:F0} {(double)day.AllocatedBytes / day.Delivered,5:F0} octets per delivery; at most {day.MostWaiting:N0} queued {day.MostDue:N0} due; {day.Took.TotalSeconds:F1} s");
}
