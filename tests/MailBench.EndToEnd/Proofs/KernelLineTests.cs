using System.Text.Json;
using MailBench.Model.Records;
using MailBench.Runs.Testbed.Lines;
using MailBench.Testing;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>Lines of the kernel: virtual cables and a token bucket between two network namespaces, in a network of the run's own.</summary>
[Collection(AloneCollection.Name)]
public sealed class KernelLineTests : IDisposable
{
    private const string Profile = """
        version: 1
        name: kernel-proof
        quick: on
        dns: {domains: 20, mx: 2}
        mta: {sessionsPerSite: 8}
        load: {model: backlog, sessions: 8}
        phases: {calibrate: 200ms, warmUp: 700ms, steady: 3s, drain: 20s}
        sweeps:
          - name: saturated
            axes:
              line.capacity:
                1.5Mbit/s: {load.backlog: 150}
                10Mbit/s: {load.backlog: 400, line.delay: 5ms}
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _scratch = Directory.CreateTempSubdirectory("mailbench-kernel-").FullName;

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    private CliProcess Start(string backend, string attempt = "1")
    {
        var profile = Path.Combine(_scratch, "profile.yaml");
        File.WriteAllText(profile, Profile);
        return CliProcess.Start("run", profile, "--set", $"line.backend={backend}", "--out", Path.Combine(_scratch, backend + attempt), "--format", "json");
    }

    private static void SkipWithoutKernelLines()
    {
        if (LineBackends.Missing() is { } reason) Assert.Skip(reason);
    }

    [Fact]
    public async Task Both_backends_fill_the_line_and_agree_on_its_octets_within_three_percent()
    {
        SkipWithoutKernelLines();
        // On a busy machine counts are read late, and segments and their acknowledgements come apart as they please on either line: what is amiss counts if it is there again.
        var amiss = await AmissAsync("1");
        if (amiss.Count > 0) amiss = await AmissAsync("2");
        Assert.Empty(amiss);
    }

    private async Task<List<string>> AmissAsync(string attempt)
    {
        var (kernel, user) = (await RunAsync("kernel", attempt), await RunAsync("userspace", attempt));
        Assert.Equal("kernel line (tc tbf, octets measured)", kernel.Conditions.Line);
        Assert.Equal(2, kernel.Points.Count);
        var amiss = new List<string>();
        foreach (var (one, other) in kernel.Points.Zip(user.Points))
        {
            Assert.True(one.Books.Close && one.Books.Delivered > 0, $"{one.Books}");
            // The delay needs a node, which a busy machine keeps from its work; the kernel alone fills the line on any.
            var least = one.CapacityBitsPerSecond > 5_000_000 ? 0.3 : 0.95;
            if (one.BusyForward is not { } busy || busy < least || busy > 1.015) amiss.Add($"busy {one.BusyForward}, not {least} to 1.015, at {one.CapacityBitsPerSecond} bit/s");
            // A window of seconds holds few messages: its edges alone are one in a hundred.
            var ratio = one.WireOctetsPerDelivery!.Value / other.WireOctetsPerDelivery!.Value;
            if (ratio is < 0.96 or > 1.04) amiss.Add($"octets a delivery, kernel ÷ user-space line: {ratio}, not 0.96 to 1.04, at {one.CapacityBitsPerSecond} bit/s");
        }

        return amiss;
    }

    [Fact]
    public async Task When_the_runner_is_killed_its_namespaces_end_with_their_processes()
    {
        SkipWithoutKernelLines();
        await using var run = Start("kernel");
        await run.HearAsync("steady", Patience);
        var network = new FileInfo($"/proc/{run.Pid}/ns/net").LinkTarget!;
        List<int> inside = [.. ProcessesIn(network).Union(run.Children().Select(child => child.Pid))];
        Assert.NotEqual(new FileInfo("/proc/self/ns/net").LinkTarget, network);
        Assert.Contains(inside, pid => new FileInfo($"/proc/{pid}/ns/net").LinkTarget != network);
        CliProcess.Signal(run.Pid, "KILL");
        await NodeBench.EventuallyAsync(() => inside.All(pid => !CliProcess.Lives(pid)), () => $"still there: {string.Join(", ", inside.Where(CliProcess.Lives))}");
    }

    private async Task<RunSummary> RunAsync(string backend, string attempt)
    {
        await using var run = Start(backend, attempt);
        var code = await run.ExitAsync(Patience);
        Assert.True(code is 0 or 3, run.Error);
        return JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!;
    }

    private static List<int> ProcessesIn(string network)
    {
        var inside = new List<int>();
        foreach (var directory in Directory.EnumerateDirectories("/proc").Where(directory => char.IsAsciiDigit(Path.GetFileName(directory)[0])))
            if (new FileInfo(Path.Combine(directory, "ns/net")).LinkTarget == network) inside.Add(int.Parse(Path.GetFileName(directory)));
        return inside;
    }
}
