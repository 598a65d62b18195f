using System.Net;
using System.Net.Sockets;
using MailBench.Testing;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>Bad input, as a user makes it: a clear sentence that says where and what to do, the exit code of the contract, and nothing started that could be known before to fail.</summary>
public sealed class CommandLineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-usage-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("mta", "--listen", "TAKEN", "--queue", "FOLDER/queue", "--dns", "127.0.0.1:1", "--hostname", "mta.test")]
    [InlineData("sink", "--listen", "TAKEN")]
    [InlineData("dns", "--listen", "TAKEN", "--generate", "domains=1,mx=1")]
    [InlineData("line", "--listen", "TAKEN=127.0.0.1:1", "--capacity", "10Mbit/s")]
    public async Task A_port_in_use_is_named_with_what_to_do(params string[] arguments)
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var taken = holder.LocalEndpoint.ToString()!;
        var (code, output, error) = await NodeBench.RunAsync([.. arguments.Select(argument => Placed(argument).Replace("TAKEN", taken, StringComparison.Ordinal))]);
        Assert.Equal((4, ""), (code, output));
        Assert.StartsWith($"mailbench {arguments[0]}: ", error, StringComparison.Ordinal);
        Assert.Contains(taken, error, StringComparison.Ordinal);
        Assert.Matches("(?i)choose (an)?other .*(address|port)", error);
    }

    [Theory]
    [InlineData("FOLDER/file", "is a file, not a directory")]
    [InlineData("FOLDER/file/below", "is a file, not a directory")]
    [InlineData("/proc/mailbench/queue", "/proc/mailbench")]
    [InlineData("/sys/mailbench", "/sys/mailbench")]
    public async Task A_queue_directory_that_cannot_be_had_is_named_with_what_to_do(string queue, string words)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /proc and /sys, where nobody may write");
        File.WriteAllText(Placed("FOLDER/file"), "not a queue");
        var (code, output, error) = await NodeBench.RunAsync("mta", "--listen", "127.0.0.1:0", "--queue", Placed(queue), "--dns", "127.0.0.1:1", "--hostname", "mta.test");
        Assert.Equal((4, ""), (code, output));
        Assert.Contains(words, error, StringComparison.Ordinal);
        Assert.Contains("another directory with --queue", error, StringComparison.Ordinal);
        Assert.Equal("not a queue", File.ReadAllText(Placed("FOLDER/file")));
    }

    [Theory]
    [InlineData(4, "/sys/mailbench-run", "--out DIR")]
    [InlineData(2, "FOLDER/file", "that is a file; a run folder is a directory")]
    public async Task Results_that_cannot_be_written_are_said_before_anything_starts(int expected, string place, string words)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /sys, where nobody may write");
        File.WriteAllText(Placed("FOLDER/file"), "no run");
        await RefusedAsync(expected, [Placed(place), words], "run", "profiles/smoke.yaml", "--out", Placed(place));
    }

    [Theory]
    [InlineData("@ MX ten mx.d.test.", "'ten' in MX is not a number up to 65535")]
    [InlineData("@ MX 10", "MX")]
    [InlineData("@ A 127.0.0.256", "127.0.0.256")]
    [InlineData("@ TXT \"open", "")]
    public async Task A_bad_zone_is_named_by_file_and_line(string record, string words)
    {
        var zone = Placed("FOLDER/d.test.zone");
        File.WriteAllText(zone, $"$ORIGIN d.test.\n$TTL 60\n@ SOA ns.d.test. h.d.test. 1 2 3 4 5\n{record}\n");
        var (code, output, error) = await NodeBench.RunAsync("dns", "--listen", "127.0.0.1:0", "--zone", zone);
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith($"mailbench: {zone}:4: ", error, StringComparison.Ordinal);
        Assert.Contains(words, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_key_of_a_profile_is_named_by_line_with_the_nearest_one()
    {
        var lines = File.ReadAllLines(Path.Combine(CliProcess.Checkout, "profiles", "smoke.yaml"));
        var at = Array.FindIndex(lines, line => line.StartsWith("  recipients:", StringComparison.Ordinal));
        lines[at] = lines[at].Replace("recipients", "recipient", StringComparison.Ordinal);
        var profile = Placed("FOLDER/profile.yaml");
        File.WriteAllLines(profile, lines);
        await RefusedAsync(2, [$"{profile}:{at + 1}: ", "unknown key 'recipient'", "did you mean 'recipients'?"], "run", profile, "--out", Placed("FOLDER/run"));
    }

    [Fact]
    public async Task An_unknown_key_of_an_mta_configuration_is_named_by_line_with_the_nearest_one()
    {
        var config = Placed("FOLDER/mta.yaml");
        File.WriteAllText(config, "strategy: per-mx-host\nsesionsPerSite: 3\n");
        await RefusedAsync(
            2, [$"{config}:2: ", "did you mean 'sessionsPerSite'?"],
            "mta", "--listen", "127.0.0.1:0", "--queue", Placed("FOLDER/queue"), "--dns", "127.0.0.1:1", "--hostname", "mta.test", "--config", config);
        Assert.False(Directory.Exists(Placed("FOLDER/queue")));
    }

    [Fact]
    public async Task A_sweep_of_a_million_points_is_refused_at_once()
    {
        var smoke = File.ReadAllText(Path.Combine(CliProcess.Checkout, "profiles", "smoke.yaml"));
        var axes = smoke.IndexOf("    axes:", StringComparison.Ordinal);
        var profile = Placed("FOLDER/million.yaml");
        File.WriteAllText(profile, $"{smoke[..axes]}    axes:\n      workload.recipients: [{string.Join(", ", Enumerable.Range(1, 1000))}]\n      load.backlog: [{string.Join(", ", Enumerable.Range(1000, 1000))}]\n");
        await RefusedAsync(2, [profile, "1,000,000 trials", "Shorten an axis"], "run", profile, "--out", Placed("FOLDER/run"));
    }

    /// <summary>The program says all of the words, exits with the code, and has made no run folder.</summary>
    private async Task RefusedAsync(int expected, string[] words, params string[] arguments)
    {
        await using var run = CliProcess.Start(arguments);
        Assert.Equal(expected, await run.ExitAsync(TimeSpan.FromSeconds(60)));
        foreach (var word in words) Assert.Contains(word, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("calibrating", run.Error, StringComparison.Ordinal);
        Assert.Equal("", run.Output);
        Assert.False(Directory.Exists(Placed("FOLDER/run")));
    }

    private string Placed(string argument) => argument.Replace("FOLDER", _folder, StringComparison.Ordinal);
}
