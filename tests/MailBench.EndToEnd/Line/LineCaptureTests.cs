using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using MailBench.Testing;
using MailBench.Testing.Processes;
using Xunit;

namespace MailBench.EndToEnd.Line;

/// <summary>The line's books against an independent witness: every frame of its far side as tshark saw it.</summary>
public sealed class LineCaptureTests(ITestOutputHelper output) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-e2e-line-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Wire_octets_agree_with_the_frames_that_tshark_counts()
    {
        await using var sink = MailbenchProcess.Start("sink", "--listen", "127.0.0.1:0");
        await AgreeAsync(sink.ReadReady("sink"), DeliverAsync);
    }

    /// <summary>The octets of a poll, which the capacity of users is predicted from.</summary>
    [Fact]
    public async Task Octets_of_polls_agree_with_the_frames_that_tshark_counts()
    {
        await using var mailbox = MailbenchProcess.Start("mailbox", "--pop3", "127.0.0.1:0", "--smtp", "127.0.0.1:0", "--store", Path.Combine(_folder, "mail"), "--users", "50");
        var (pop3, smtp) = (mailbox.ReadReady("pop3"), mailbox.ReadReady("smtp"));
        await using (var source = MailbenchProcess.Start("source", "--to", smtp.ToString(), "--users", "50", "--sessions", "4", "--count", "100", "--size", "4KiB"))
        {
            var (code, _) = await source.WaitForEndAsync();
            Assert.True(code == 0, await source.Error);
        }

        await AgreeAsync(pop3, PollAsync);
    }

    /// <summary>A client that resets is reset on to the server: a frame more for each, which the kernel counts when nobody can ask it any more.</summary>
    [Fact]
    public async Task Resets_that_the_line_passes_on_agree_with_the_frames_that_tshark_counts()
    {
        await using var sink = MailbenchProcess.Start("sink", "--listen", "127.0.0.1:0");
        await AgreeAsync(sink.ReadReady("sink"), ResetAsync);
    }

    /// <param name="far">The server behind the line, whose port is captured.</param>
    /// <param name="load">Goes through a line to it; gives the line's wire octets and how many of what it was.</param>
    private async Task AgreeAsync(IPEndPoint far, Func<IPEndPoint, Task<((long Forward, long Reverse) Line, long Count)>> load)
    {
        var tshark = ForeignProgram.Find("tshark");
        var dumpcap = File.Exists("/usr/bin/dumpcap") ? "/usr/bin/dumpcap" : null;
        Assert.SkipWhen(tshark is null || dumpcap is null, "tshark and dumpcap are not installed; apt-get install tshark, then run this test.");

        var file = Path.Combine(_folder, "far.pcapng");
        using var capture = Process.Start(new ProcessStartInfo(dumpcap!, ["-i", "lo", "-f", $"tcp port {far.Port}", "-s", "96", "-B", "64", "-w", file]) { RedirectStandardError = true })!;
        try
        {
            Assert.SkipUnless(await BeginsAsync(capture), "dumpcap may not capture on lo here; run as root, or give it CAP_NET_RAW (dpkg-reconfigure wireshark-common).");
            var (line, count) = await load(far);
            var marker = await MarkEndAsync(tshark!, file, far);
            CliProcess.Signal(capture.Id, "INT");
            var said = await capture.StandardError.ReadToEndAsync().WaitAsync(Patience);
            await capture.WaitForExitAsync().WaitAsync(Patience);
            Assert.SkipWhen(said.Contains("dropped", StringComparison.Ordinal) && !said.Contains("/0 ", StringComparison.Ordinal), $"The machine was too busy to capture every frame: {said}");

            var (forward, reverse) = await CountAsync(tshark!, file, far.Port, marker);
            output.WriteLine($"{count} times; forward: line {line.Forward}, tshark {forward} ({line.Forward / (double)forward - 1:+0.000%;-0.000%}); "
                + $"reverse: line {line.Reverse}, tshark {reverse} ({line.Reverse / (double)reverse - 1:+0.000%;-0.000%})");
            Assert.InRange(line.Forward / (double)forward, 0.99, 1.01);
            Assert.InRange(line.Reverse / (double)reverse, 0.99, 1.01);
        }
        finally
        {
            if (!capture.HasExited) capture.Kill();
        }
    }

    /// <summary>A few seconds of a saturated line: messages of 4 KiB over eight sessions.</summary>
    private static async Task<((long Forward, long Reverse) Line, long Messages)> DeliverAsync(IPEndPoint far)
    {
        await using var line = MailbenchProcess.Start("line", "--listen", $"127.0.0.1:0={far}", "--capacity", "10Mbit/s", "--delay", "2ms");
        var near = line.ReadReady("line");
        await using var source = MailbenchProcess.Start("source", "--to", near.ToString(), "--sessions", "8", "--count", "600", "--size", "4KiB");
        var (code, last) = await source.WaitForEndAsync();
        Assert.True(code == 0, await source.Error);
        line.Terminate();
        using var counts = JsonDocument.Parse((await line.WaitForEndAsync()).LastLine!);
        using var sent = JsonDocument.Parse(last!);
        return ((counts.RootElement.GetProperty("wireOctetsForward").GetInt64(), counts.RootElement.GetProperty("wireOctetsReverse").GetInt64()),
            sent.RootElement.GetProperty("accepted").GetInt64());
    }

    /// <summary>A hundred clients that are greeted and go by a reset.</summary>
    private static async Task<((long Forward, long Reverse) Line, long Count)> ResetAsync(IPEndPoint far)
    {
        await using var line = MailbenchProcess.Start("line", "--listen", $"127.0.0.1:0={far}", "--capacity", "10Mbit/s", "--delay", "2ms");
        var near = line.ReadReady("line");
        const int Clients = 100;
        for (var i = 0; i < Clients; i++)
        {
            using var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(true, 0) };
            await client.ConnectAsync(near);
            Assert.NotEqual(0, await client.ReceiveAsync(new byte[256]).WaitAsync(Patience));
        }

        line.Terminate();
        using var counts = JsonDocument.Parse((await line.WaitForEndAsync()).LastLine!);
        return ((counts.RootElement.GetProperty("wireOctetsForward").GetInt64(), counts.RootElement.GetProperty("wireOctetsReverse").GetInt64()), Clients);
    }

    /// <summary>Three polls of each of fifty users, in the first of which they find and delete two messages.</summary>
    private static async Task<((long Forward, long Reverse) Line, long Polls)> PollAsync(IPEndPoint far)
    {
        await using var line = MailbenchProcess.Start("line", "--listen", $"127.0.0.1:0={far}", "--capacity", "10Mbit/s", "--delay", "2ms");
        var near = line.ReadReady("line");
        await using var poll = MailbenchProcess.Start("poll", "--pop3", near.ToString(), "--users", "50", "--every", "1s", "--count", "150", "--action", "delete");
        var (code, last) = await poll.WaitForEndAsync();
        Assert.True(code == 0, await poll.Error);
        line.Terminate();
        using var counts = JsonDocument.Parse((await line.WaitForEndAsync()).LastLine!);
        using var polled = JsonDocument.Parse(last!);
        Assert.Equal(100, polled.RootElement.GetProperty("retrieved").GetInt64());
        return ((counts.RootElement.GetProperty("wireOctetsForward").GetInt64(), counts.RootElement.GetProperty("wireOctetsReverse").GetInt64()), polled.RootElement.GetProperty("polls").GetInt64());
    }

    /// <summary>
    /// dumpcap reads the kernel's ring a block at a time, and what it has not read when it is told to end is lost: a connection of our own comes after all others, and when the file
    /// shows it, the file has everything before it.
    /// </summary>
    /// <returns>The port of that connection, to be left out of the count.</returns>
    private static async Task<int> MarkEndAsync(ForeignProgram tshark, string file, IPEndPoint far)
    {
        using var marker = new TcpClient();
        await marker.ConnectAsync(far);
        var port = ((IPEndPoint)marker.Client.LocalEndPoint!).Port;
        using var patience = new CancellationTokenSource(Patience);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        string seen;
        do
        {
            await tick.WaitForNextTickAsync(patience.Token);
            (_, seen, _) = await tshark.RunAsync(Patience, "-n", "-r", file, "-Y", $"tcp.port == {port}", "-T", "fields", "-e", "frame.number");
        }
        while (string.IsNullOrWhiteSpace(seen));
        return port;
    }

    /// <summary>Each frame as the segments it would be on Ethernet (loopback makes super-frames), at least one; a SYN has 8 octets of options more.</summary>
    private static async Task<(long Forward, long Reverse)> CountAsync(ForeignProgram tshark, string file, int farPort, int without)
    {
        var (code, text, error) = await tshark.RunAsync(Patience, "-n", "-r", file, "-Y", $"!(tcp.port == {without})", "-T", "fields", "-e", "tcp.dstport", "-e", "tcp.len", "-e", "tcp.flags.syn");
        Assert.True(code == 0, error);
        long forward = 0, reverse = 0;
        foreach (var frame in text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(row => row.Split('\t')))
        {
            var payload = long.Parse(frame[1], CultureInfo.InvariantCulture);
            var octets = payload + 66 * Math.Max(1, (payload + 1447) / 1448) + (frame[2] is "1" or "True" ? 8 : 0);
            if (int.Parse(frame[0], CultureInfo.InvariantCulture) == farPort)
                forward += octets;
            else
                reverse += octets;
        }

        return (forward, reverse);
    }

    /// <summary>dumpcap names its file once it captures; it ends when it may not.</summary>
    private static async Task<bool> BeginsAsync(Process capture)
    {
        while (await capture.StandardError.ReadLineAsync().WaitAsync(Patience) is { } said)
            if (said.StartsWith("File:", StringComparison.Ordinal)) return true;
        return false;
    }
}
