using System.Net.Sockets;
using MailBench.Testing.Processes;
using MailBench.Testing.Smtp;
using Xunit;

namespace MailBench.EndToEnd;

/// <summary>Strangers decide how many connections there are; they do not decide whether a node lives.</summary>
public sealed class ExhaustionTests : IDisposable
{
    private const int OpenFiles = 200;

    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-exhaustion-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("mta")]
    [InlineData("sink")]
    public async Task More_callers_than_open_files_end_no_node(string role)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "descriptors are limited and counted on Linux");
        string[] arguments = role == "sink" ? [] : ["--queue", Path.Combine(_folder, "q"), "--dns", "127.0.0.1:1", "--relay-from", "127.0.0.0/8", "--hostname", "mta.test"];
        await using var node = MailbenchProcess.StartLimited(OpenFiles, [role, "--listen", "127.0.0.1:0", .. arguments]);
        var server = node.ReadReady(role);
        var callers = Enumerable.Range(0, 2 * OpenFiles).Select(_ => new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp)).ToList();
        try
        {
            await Task.WhenAll(callers.Select(caller => caller.ConnectAsync(server))).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

            // The first come are served while the others press.
            var greeting = new byte[100];
            Assert.True(await callers[0].ReceiveAsync(greeting) > 0);
            await callers[0].SendAsync("NOOP\r\n"u8.ToArray());
            Assert.True(await callers[0].ReceiveAsync(greeting) > 0);
        }
        finally
        {
            foreach (var caller in callers) caller.Dispose();
        }

        // The node notices only by and by that they went.
        var heard = "";
        for (var attempt = 0; attempt < 100 && !heard.StartsWith("220", StringComparison.Ordinal); attempt++)
        {
            if (attempt > 0) await Task.Delay(100, TestContext.Current.CancellationToken);
            using var client = SmtpDialogue.Open(server, out heard);
        }

        Assert.StartsWith("220", heard, StringComparison.Ordinal);
        node.Terminate();
        Assert.Equal(0, (await node.WaitForEndAsync()).Code);
    }
}
