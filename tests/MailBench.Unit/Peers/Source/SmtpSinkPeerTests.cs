using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using MailBench.Model.Options;
using MailBench.Model.Units;
using Xunit;
using static MailBench.Unit.Peers.Source.SourceTrialFixture;

namespace MailBench.Unit.Peers.Source;

/// <summary>The source into an independent receiver: Postfix's smtp-sink.</summary>
public sealed class SmtpSinkPeerTests
{
    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task Smtp_sink_takes_every_message(bool pipelining, bool reuse)
    {
        using var sink = await StartAsync();
        var workload = new WorkloadOptions { Mix = "mobile", Recipients = 2, Pipelining = pipelining, Reuse = reuse };
        var (counts, _) = await RunAsync(sink.EndPoint, Closed(4, 100), workload);
        Assert.Equal(100, (long)counts["accepted"]!);
        Assert.Equal(200, (long)counts["acceptedRecipients"]!);
        Assert.Equal(reuse ? 4 : 100, (long)counts["sessions"]!);
    }

    [Fact]
    public async Task Large_office_mail_passes()
    {
        using var sink = await StartAsync();
        var (counts, _) = await RunAsync(sink.EndPoint, Open(200, 32, sessions: 4), new WorkloadOptions { Mix = "office" });
        Assert.Equal(32, (long)counts["accepted"]!);
    }

    private static async Task<SmtpSink> StartAsync()
    {
        var program = new[] { "/usr/sbin/smtp-sink", "/usr/local/sbin/smtp-sink", "/usr/bin/smtp-sink" }.FirstOrDefault(File.Exists);
        if (program is null) Assert.Skip("smtp-sink is not installed; it comes with Postfix (apt-get install postfix).");
        for (var attempt = 1; ; attempt++)
        {
            var sink = SmtpSink.Start(program);
            if (await sink.ServesAsync()) return sink;
            sink.Dispose();
            if (attempt == 5) throw new InvalidOperationException("smtp-sink did not serve: another process took each free port that was found.");
        }
    }

    private sealed class SmtpSink(Process process, IPEndPoint endPoint) : IDisposable
    {
        public IPEndPoint EndPoint { get; } = endPoint;

        // smtp-sink cannot pick a port itself.
        public static SmtpSink Start(string program)
        {
            using var free = new Socket(SocketType.Stream, ProtocolType.Tcp);
            free.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            var endPoint = new IPEndPoint(IPAddress.Loopback, ((IPEndPoint)free.LocalEndPoint!).Port);
            free.Close();
            var start = new ProcessStartInfo(program) { ArgumentList = { "-m", "200", $"inet:{endPoint}", "256" }, RedirectStandardError = true };
            if (System.Environment.IsPrivilegedProcess) foreach (var argument in new[] { "nobody", "-u" }) start.ArgumentList.Insert(0, argument);
            return new SmtpSink(Process.Start(start)!, endPoint);
        }

        public async Task<bool> ServesAsync()
        {
            var deadlineNs = MonotonicClock.NowNs + 10_000_000_000;
            while (MonotonicClock.NowNs < deadlineNs && !process.HasExited)
            {
                try
                {
                    using var probe = new TcpClient();
                    await probe.ConnectAsync(EndPoint);
                    return true;
                }
                catch (SocketException)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
                }
            }

            return false;
        }

        public void Dispose()
        {
            if (!process.HasExited) process.Kill();
            process.WaitForExit(5000);
            process.Dispose();
        }
    }
}
