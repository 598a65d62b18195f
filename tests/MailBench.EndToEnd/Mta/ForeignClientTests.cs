using MailBench.Testing.Processes;
using Xunit;

namespace MailBench.EndToEnd.Mta;

/// <summary>Clients that others wrote, against the MTA.</summary>
public class ForeignClientTests
{
    [Fact]
    public async Task Swaks_sends_to_several_recipients()
    {
        var swaks = Require("swaks", "swaks");
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
        var source = Require("smtp-source", "postfix");
        await using var rig = await MtaRig.StartAsync();
        await RunAsync(source, mode, "-m", "100", "-s", "5", "-r", "3", "-l", "4096", "-f", "a@source.test", "-t", "u@d0.test", $"inet:{rig.EndPoint}");
        await rig.CountReachesAsync("delivered", 300);
        Assert.Equal((300L, 0L, 0L), (rig.Count("accepted"), rig.Count("queued"), rig.Count("failed")));
    }

    private static ForeignProgram Require(string program, string package)
    {
        var found = ForeignProgram.Find(program);
        Assert.SkipWhen(found is null, $"{program} is not installed; get it with: apt-get install {package}");
        return found;
    }

    /// <summary>All that the program said; it must end well.</summary>
    private static async Task<string> RunAsync(ForeignProgram program, params string[] arguments)
    {
        var (code, output, error) = await program.RunAsync(TimeSpan.FromSeconds(60), arguments);
        Assert.True(code == 0, output + error);
        return output + error;
    }
}
