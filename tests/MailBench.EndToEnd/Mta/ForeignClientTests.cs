using System.Diagnostics;
using Xunit;

namespace MailBench.EndToEnd.Mta;

/// <summary>Clients that others wrote, against the MTA.</summary>
public class ForeignClientTests
{
    [Fact]
    public async Task Swaks_sends_to_several_recipients()
    {
        var swaks = Find("swaks", "swaks");
        await using var rig = await MtaRig.StartAsync();
        var said = await RunAsync(swaks, "--server", rig.EndPoint.ToString(), "--pipeline", "--from", "a@source.test", "--to", "u0@d0.test,u1@d1.test", "--header", "Subject: from swaks");
        Assert.Contains("250 2.0.0 Ok: queued as", said, StringComparison.Ordinal);
        await rig.CountReachesAsync("delivered", 2);
        Assert.All(rig.Saved(), message => Assert.Contains("Subject: from swaks", message.Text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("-d")]
    [InlineData("-N")]
    public async Task Smtp_source_sends_many(string mode)
    {
        var source = Find("smtp-source", "postfix");
        await using var rig = await MtaRig.StartAsync();
        await RunAsync(source, mode, "-m", "100", "-s", "5", "-r", "3", "-l", "4096", "-f", "a@source.test", "-t", "u@d0.test", $"inet:{rig.EndPoint}");
        await rig.CountReachesAsync("delivered", 300);
        Assert.Equal((300L, 0L, 0L), (rig.Count("accepted"), rig.Count("queued"), rig.Count("failed")));
    }

    private static string Find(string program, string package)
    {
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Append("/usr/sbin"))
        {
            var path = Path.Combine(folder, program);
            if (File.Exists(path)) return path;
        }

        Assert.Skip($"{program} is not here; Debian has it in the package {package}.");
        return "";
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw;
        }

        Assert.True(process.ExitCode == 0, string.Concat(await said));
        return string.Concat(await said);
    }
}
