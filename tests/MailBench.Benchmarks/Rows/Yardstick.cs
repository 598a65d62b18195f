using System.Net;
using System.Net.Sockets;

namespace MailBench.Benchmarks.Rows;

/// <summary>The roles in C that source and sink are measured against: not part of the project, built here from the folder that <c>--c</c> names.</summary>
internal sealed class Yardstick : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-yardstick-").FullName;

    public Yardstick(RowOptions options)
    {
        var sources = options.Text("c") ?? throw new YardstickMissingException("Give the folder of minject.c and msink.c: --c DIR.");
        Injector = Build(sources, "minject");
        SinkProgram = Build(sources, "msink");
    }

    public string Injector { get; }

    public string SinkProgram { get; }

    /// <summary>The sink in C on a free port of loopback, ready to accept.</summary>
    public Foreign StartSink(out IPEndPoint at)
    {
        at = new IPEndPoint(IPAddress.Loopback, FreePort());
        var sink = Foreign.Start(SinkProgram, "127.0.0.1", $"{at.Port}", "0", "110");
        for (var tries = 0; tries < 500; tries++)
        {
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                probe.Connect(at);
                return sink;
            }
            catch (SocketException)
            {
                Thread.Sleep(10);
            }
        }

        sink.Dispose();
        throw new TimeoutException("the sink in C does not listen");
    }

    /// <summary>Messages/s and CPU µs a message of the injector in C: 4 KiB, pipelined, recipients spread over 100 domains.</summary>
    public (double Rate, double CpuUs) Inject(IPEndPoint to, int messages, int connections = 16, int recipients = 1)
    {
        // env sets PIPE for the child alone.
        var (output, _, cpu) = Foreign.Run("env", "PIPE=1", Injector, to.Address.ToString(), $"{to.Port}", $"{connections}", $"{messages}", "4096", $"{recipients}", "100");
        return (Foreign.Figure(output, "msgs/s"), cpu / messages * 1e6);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Build(string sources, string name)
    {
        var program = Path.Combine(_folder, name);
        try
        {
            Foreign.Run("cc", "-O2", "-w", "-o", program, Path.Combine(sources, $"{name}.c"));
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new YardstickMissingException("No C compiler: install the package gcc.");
        }

        return program;
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
