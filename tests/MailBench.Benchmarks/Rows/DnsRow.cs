using System.Diagnostics;
using System.Net;
using MailBench.Testing;

namespace MailBench.Benchmarks.Rows;

/// <summary>
/// The DNS responder's CPU an answer against ARSoft's server: both answer MX with two hosts and their addresses from memory, to the same questions, saturated by so many outstanding ones.
/// <c>[--rounds N] [--seconds S] [--outstanding N]</c>.
/// </summary>
internal static class DnsRow
{
    public const int Domains = 100;
    private const double TicksPerSecond = 100;

    public static void Measure(RowOptions options)
    {
        var window = options.Seconds("seconds", 3);
        var outstanding = (int)options.Number("outstanding", 64);
        var medians = new Medians($"DNS responder against ARSoft's server: MX with additional addresses, {outstanding} questions outstanding");
        for (var round = 0; round < options.Rounds; round++)
        {
            var before = MachineTime.Now();
            using (var arsoft = Start(Environment.ProcessPath!, ["arsoft-server"], out var at)) MeasureOne("ARSoft", arsoft, at, outstanding, window, medians);
            using (var ours = Start(CliProcess.Program, ["dns", "--listen", "127.0.0.1:0", "--generate", $"domains={Domains},mx=5,per-domain=2,additional=on"], out var at))
                MeasureOne("responder", ours, at, outstanding, window, medians);
            medians.Add("ours ÷ ARSoft, CPU an answer", medians.Last("responder, CPU an answer") / medians.Last("ARSoft, CPU an answer"), "");
            medians.EndRound(round, before);
        }

        medians.Print();
    }

    private static Process Start(string program, string[] arguments, out IPEndPoint at)
    {
        var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        var ready = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"{program} {arguments[0]} did not start.");
        at = IPEndPoint.Parse(ready.Split(' ')[2]);
        return process;
    }

    private static void MeasureOne(string name, Process server, IPEndPoint at, int outstanding, TimeSpan window, Medians medians)
    {
        try
        {
            using var load = new QueryLoad(at, outstanding);
            Thread.Sleep(2_000);
            var (answers, cpu, began) = (load.Answers, CpuSeconds(server), Stopwatch.GetTimestamp());
            Thread.Sleep(window);
            answers = load.Answers - answers;
            cpu = CpuSeconds(server) - cpu;
            medians.Add(name, answers / Stopwatch.GetElapsedTime(began).TotalSeconds, "/s");
            medians.Add($"{name}, CPU an answer", cpu / answers * 1e6, "µs");
            if (load.Wrong > 0) throw new InvalidOperationException($"{name} gave {load.Wrong} wrong answers.");
        }
        finally
        {
            server.Kill();
            server.WaitForExit();
        }
    }

    /// <summary>utime and stime of proc(5)'s stat.</summary>
    private static double CpuSeconds(Process process)
    {
        var stat = File.ReadAllText($"/proc/{process.Id}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(fields[11], System.Globalization.CultureInfo.InvariantCulture) + double.Parse(fields[12], System.Globalization.CultureInfo.InvariantCulture)) / TicksPerSecond;
    }
}
