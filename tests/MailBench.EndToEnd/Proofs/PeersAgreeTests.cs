using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MailBench.Testing.Processes;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>Peers that others wrote count what ours count, process against process.</summary>
public sealed partial class PeersAgreeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task What_smtp_source_sent_is_what_the_MTA_accepted_and_delivered_and_the_sink_took()
    {
        const int messages = 200, recipients = 3;
        var peer = Require("smtp-source");
        await using var bench = NodeBench.Start(save: false);
        bench.StartMta();
        var (code, _, error) = await peer.RunAsync(Patience, "-s", "5", "-m", $"{messages}", "-r", $"{recipients}", "-l", "4096", "-f", "a@source.test", "-t", "u@d0.test", bench.MtaEndPoint.ToString());
        Assert.True(code == 0, error);
        await bench.DrainAsync();
        var mta = await NodeBench.EndAsync(bench.Mta);
        var sink = await NodeBench.EndAsync(bench.Sink);
        Assert.Equal((messages * recipients, messages * recipients, 0, 0), (Count(mta, "accepted"), Count(mta, "delivered"), Count(mta, "failed"), Count(mta, "queued")));
        Assert.Equal(messages * recipients, Count(sink, "recipients"));
        Assert.Equal((Count(mta, "transactionsOut"), Count(mta, "sessionsOut")), (Count(sink, "transactions"), Count(sink, "sessions")));
    }

    [Fact]
    public async Task What_the_source_counts_as_accepted_is_what_smtp_sink_counted()
    {
        const int messages = 300;
        await using var peer = await SmtpSink.StartAsync();
        var (code, output, error) = await NodeBench.RunAsync("source", "--to", peer.EndPoint.ToString(), "--sessions", "4", "--count", $"{messages}", "--size", "4KiB", "--recipients", "2", "--seed", "1");
        Assert.True(code == 0, error);
        var counts = JsonNode.Parse(output)!.AsObject();
        Assert.Equal((messages, 2 * messages, 4), (Count(counts, "accepted"), Count(counts, "acceptedRecipients"), Count(counts, "sessions")));
        await NodeBench.EventuallyAsync(() => peer.Messages >= messages, () => $"smtp-sink counted {peer.Messages} messages");
        Assert.Equal(messages, peer.Messages);
    }

    private static int Count(JsonObject counts, string name) => (int)counts[name]!;

    private static ForeignProgram Require(string name)
    {
        var program = ForeignProgram.Find(name);
        Assert.SkipWhen(program is null, $"{name} is not installed; get it with: apt-get install postfix");
        return program;
    }

    /// <summary>Postfix's sink with its running counters (<c>-c</c>) on a free port, which it cannot pick itself.</summary>
    private sealed partial class SmtpSink : IAsyncDisposable
    {
        private const int PortAttempts = 5;

        private readonly Process _process;
        private readonly Task _reading;
        private volatile string _counters = "";

        private SmtpSink(Process process, IPEndPoint endPoint)
        {
            _process = process;
            _reading = ReadAsync();
            EndPoint = endPoint;
        }

        public IPEndPoint EndPoint { get; }

        public int Messages => Counted().Matches(_counters) is { Count: > 0 } all ? int.Parse(all[^1].Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 0;

        public static async Task<SmtpSink> StartAsync()
        {
            Require("smtp-sink");
            for (var attempt = 1; ; attempt++)
            {
                var sink = Start();
                if (await sink.ServesAsync()) return sink;
                await sink.DisposeAsync();
                if (attempt == PortAttempts) throw new InvalidOperationException("smtp-sink did not serve on any port that had been free.");
            }
        }

        private static SmtpSink Start()
        {
            IPEndPoint endPoint;
            using (var free = new TcpListener(IPAddress.Loopback, 0))
            {
                free.Start();
                endPoint = (IPEndPoint)free.LocalEndpoint;
            }

            string[] user = Environment.IsPrivilegedProcess ? ["-u", "nobody"] : [];
            var path = new[] { "/usr/sbin/smtp-sink", "/usr/local/sbin/smtp-sink", "/usr/bin/smtp-sink" }.FirstOrDefault(File.Exists) ?? "smtp-sink";
            var start = new ProcessStartInfo(path, [.. user, "-c", $"inet:{endPoint}", "256"]) { RedirectStandardOutput = true };
            return new SmtpSink(Process.Start(start)!, endPoint);
        }

        private async Task<bool> ServesAsync()
        {
            var begin = Stopwatch.StartNew();
            while (begin.Elapsed < Patience && !_process.HasExited)
            {
                try
                {
                    using var probe = new TcpClient();
                    await probe.ConnectAsync(EndPoint);
                    return true;
                }
                catch (SocketException)
                {
                    await Task.Delay(20);
                }
            }

            return false;
        }

        private async Task ReadAsync()
        {
            var buffer = new char[4096];
            int read;
            while ((read = await _process.StandardOutput.ReadAsync(buffer)) > 0)
            {
                // The counters are written over one another; only the last whole one matters.
                var text = _counters + new string(buffer, 0, read);
                _counters = text[Math.Max(0, text.Length - 1000)..];
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (!_process.HasExited) _process.Kill();
            await _process.WaitForExitAsync();
            await _reading;
            _process.Dispose();
        }

        // Behind the number stands what begins the next update: a number that is cut off is not one.
        [GeneratedRegex(@"mesg=(\d+)(?=\D)")]
        private static partial Regex Counted();
    }
}
