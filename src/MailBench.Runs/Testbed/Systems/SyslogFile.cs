using System.Net.Sockets;
using System.Text;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>
/// Stands for the system's log daemon in an enclosure: a datagram socket that is laid over <c>/dev/log</c> (syslog(3)), whose lines go to a file without their priority. Bounded: beyond 64 MiB lines are
/// dropped, as a full disk would be worse.
/// </summary>
internal sealed class SyslogFile : IAsyncDisposable
{
    private const long MaxBytes = 64L << 20;
    private const int MaxLine = 8192;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mb-log-");
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _receiving;

    /// <summary>Throws <see cref="IOException"/> and <see cref="SocketException"/>.</summary>
    public SyslogFile(string path)
    {
        // A folder of its own with a short name: a socket's path has 107 octets at most (unix(7)), and a run folder may lie deep.
        SocketPath = Path.Combine(_folder.FullName, "log");
        _socket.Bind(new UnixDomainSocketEndPoint(SocketPath));
        // Any user of the MTA's writes to it; whoever is outside does not reach the folder, which is the runner's alone.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(SocketPath, (UnixFileMode)0b110_110_110);
        _receiving = ReceiveAsync(path);
    }

    public string SocketPath { get; }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _receiving;
        _socket.Dispose();
        _ending.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task ReceiveAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        var buffer = new byte[MaxLine];
        try
        {
            while (true)
            {
                var length = await _socket.ReceiveAsync(buffer, _ending.Token);
                if (file.Length + length > MaxBytes) continue;
                await file.WriteAsync(Line(buffer, length), CancellationToken.None);
                // What waits is written together; then whoever reads the log finds it whole.
                if (_socket.Available == 0) await file.FlushAsync(CancellationToken.None);
            }
        }
        catch (OperationCanceledException)
        {
            // The MTA has ended, and nobody writes any more.
        }
    }

    /// <summary>The message without its priority, such as <c>&lt;22&gt;</c>, and with one line end.</summary>
    private static byte[] Line(byte[] buffer, int length)
    {
        var text = Encoding.UTF8.GetString(buffer, 0, length).TrimEnd('\n', '\0');
        if (text.StartsWith('<') && text.IndexOf('>', StringComparison.Ordinal) is > 0 and < 6 and var end) text = text[(end + 1)..];
        return Encoding.UTF8.GetBytes(text.ReplaceLineEndings(" ") + "\n");
    }
}
