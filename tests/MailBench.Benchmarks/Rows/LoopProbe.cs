using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MailBench.Benchmarks.Rows;

/// <summary>A client that says NOOP every millisecond or so, and knows how long it waited for an answer at most: what a turn of the server's loop takes.</summary>
internal sealed class LoopProbe : IDisposable
{
    private readonly TcpClient _client = new();
    private readonly Thread _thread;
    private volatile bool _ending;
    private double _longestMs;

    public LoopProbe(IPEndPoint server)
    {
        _client.Connect(server);
        _client.NoDelay = true;
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    public double LongestMs => Volatile.Read(ref _longestMs);

    public void Dispose()
    {
        _ending = true;
        _thread.Join();
        _client.Dispose();
    }

    private void Run()
    {
        using var reader = new StreamReader(_client.GetStream(), Encoding.ASCII);
        reader.ReadLine();
        while (!_ending)
        {
            var began = Stopwatch.GetTimestamp();
            _client.GetStream().Write("NOOP\r\n"u8);
            reader.ReadLine();
            var ms = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            if (ms > _longestMs) Volatile.Write(ref _longestMs, ms);
            Thread.Sleep(1);
        }
    }
}
