using System.Net;
using System.Net.Sockets;
using MailBench.Model.Nodes;

namespace MailBench.Mta.Policy;

/// <summary>Where mailbox servers tell of logins: a Unix datagram socket for its owner only (0600). What is no address is passed over.</summary>
internal sealed class LoginSocket : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly string _path;
    private readonly Action<IPAddress> _loggedIn;
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _hearing;

    private LoginSocket(Socket socket, string path, Action<IPAddress> loggedIn)
    {
        (_socket, _path, _loggedIn) = (socket, path, loggedIn);
        _hearing = HearAsync();
    }

    /// <summary>
    /// Makes the socket at <paramref name="path"/>; what a killed process left there is replaced. It gets its name when nobody else may write to it any more. <paramref name="loggedIn"/> is called on any thread. Throws
    /// <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.
    /// </summary>
    public static LoginSocket Open(string path, Action<IPAddress> loggedIn)
    {
        path = Path.GetFullPath(path);
        if (File.Exists(path)) RefuseWhatIsNotLeftOver(path);
        var cradle = Path.Combine(Path.GetDirectoryName(path) ?? "/", $".{Path.GetFileName(path)}.{Environment.ProcessId}");
        Socket? socket = null;
        try
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(cradle);
            else Directory.CreateDirectory(cradle, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var born = Path.Combine(cradle, "s");
            socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.Bind(new UnixDomainSocketEndPoint(born));
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(born, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.Move(born, path, overwrite: true);
            Directory.Delete(cradle);
            return new LoginSocket(socket, path, loggedIn);
        }
        catch (Exception failed)
        {
            socket?.Dispose();
            if (Directory.Exists(cradle)) Directory.Delete(cradle, recursive: true);
            if (failed is SocketException or ArgumentOutOfRangeException)
                throw new IOException($"The socket {path} for POP-before-SMTP cannot be made: {failed.Message} Name another with --pop-before-smtp; a path may have about 80 octets.", failed);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _hearing.ConfigureAwait(false);
        _socket.Dispose();
        _closing.Dispose();
        File.Delete(_path);
    }

    private async Task HearAsync()
    {
        var datagram = new byte[LoginNotice.MaxOctets + 1];
        try
        {
            while (true)
            {
                var octets = await _socket.ReceiveAsync(datagram.AsMemory(), _closing.Token).ConfigureAwait(false);
                if (LoginNotice.Parse(datagram.AsSpan(0, octets)) is { } client) _loggedIn(client);
            }
        }
        catch (OperationCanceledException)
        {
            // The MTA ends.
        }
    }

    /// <summary>A socket that nobody holds any more is empty and refuses; anything else belongs to somebody.</summary>
    private static void RefuseWhatIsNotLeftOver(string path)
    {
        var taken = new FileInfo(path).Length > 0;
        if (!taken)
        {
            using var asking = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            try
            {
                asking.SendTo([], new UnixDomainSocketEndPoint(path));
                taken = true;
            }
            catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
            {
            }
        }

        if (taken) throw new IOException($"{path} is in use, by another MTA or as a file. Name another with --pop-before-smtp.");
    }
}
