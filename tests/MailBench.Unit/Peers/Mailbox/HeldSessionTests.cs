using MailBench.Testing.Processes;
using Xunit;

namespace MailBench.Unit.Peers.Mailbox;

/// <summary>What a session held in IDLE costs the server.</summary>
[Collection(MemoryAloneCollection.Name)]
public sealed class HeldSessionTests(ITestOutputHelper output)
{
    private const int Users = 800, Attempts = 3;
    private const long Least = 200, Most = 4096;

    [Fact]
    public async Task A_session_in_idle_holds_less_than_four_KiB_of_managed_memory()
    {
        await using var rig = await MailboxRig.StartAsync(options => options with { Users = Users });
        long each = 0;
        for (var attempt = 0; attempt < Attempts && each is < Least or > Most; attempt++)
        {
            var first = await HoldAsync(rig, 100);
            var all = await HoldAsync(rig, Users);

            // What is compiled and made once falls out of the difference; what tests before this one left, and pools let go of between the two, does not: then it is measured again.
            each = (all - first) / (Users - 100);
            output.WriteLine($"{each} octets a session");
        }

        Assert.InRange(each, Least, Most);
    }

    /// <summary>Live managed memory of this process, the server's, while so many users of another process hold IDLE.</summary>
    private static async Task<long> HoldAsync(MailboxRig rig, int users)
    {
        await using var poll = MailbenchProcess.Start("poll", "--imap", rig.Imap.ToString(), "--users", $"{users}", "--action", "idle", "--every", "1s", "--duration", "10m");
        var logins = rig.Node.Counters()["logins"];
        await MailboxRig.EventuallyAsync(() => rig.Node.Counters()["logins"] - logins >= users);

        // From here on there is one renewal a second of each and nothing else: collected twice, only what lasts is left.
        GC.GetTotalMemory(forceFullCollection: true);
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
