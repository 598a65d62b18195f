using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MailBench.Testing.Processes;

namespace MailBench.EndToEnd.Mailbox;

/// <summary>A Dovecot of this test's own, on loopback, over a folder of maildirs; its users' passwords are their names. It ends with the test, and after two minutes whatever happens.</summary>
internal sealed class DovecotServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;

    private DovecotServer(Process process, IPEndPoint imap) => (_process, Imap) = (process, imap);

    public IPEndPoint Imap { get; }

    /// <summary>Why it cannot run here; null: it can.</summary>
    public static string? WhyNot() =>
        ForeignProgram.Find("dovecot") is null || !File.Exists("/usr/lib/dovecot/imap") ? "dovecot is not installed: apt-get install dovecot-imapd"
        : Environment.UserName != "root" ? "dovecot changes to the user that owns the mail: run as root"
        : ForeignProgram.Find("timeout") is null ? "timeout is not installed: apt-get install coreutils" : null;

    /// <param name="folder">A folder of this test; the store in it is <paramref name="store"/>, which becomes the property of the user that Dovecot reads mail as.</param>
    public static async Task<DovecotServer> StartAsync(string folder, string store)
    {
        Directory.CreateDirectory(store);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        await ForeignProgram.Find("chown")!.RunAsync(Patience, "-R", "mail:mail", store);
        var port = FreePort();
        var configuration = Path.Combine(folder, "dovecot.conf");
        await File.WriteAllTextAsync(configuration, $$"""
            base_dir = {{folder}}/run
            state_dir = {{folder}}/state
            log_path = {{folder}}/dovecot.log
            protocols = imap
            listen = 127.0.0.1
            ssl = no
            disable_plaintext_auth = no
            mail_location = maildir:{{store}}/%n
            first_valid_uid = 1
            passdb {
              driver = static
              args = password=%n
            }
            userdb {
              driver = static
              args = uid=mail gid=mail home={{store}}/%n
            }
            namespace inbox {
              inbox = yes
            }
            service imap-login {
              inet_listener imap {
                port = {{port.ToString(CultureInfo.InvariantCulture)}}
              }
              inet_listener imaps {
                port = 0
              }
            }

            """);
        var process = Process.Start(new ProcessStartInfo("timeout", ["120", "dovecot", "-F", "-c", configuration]) { Environment = { ["PATH"] = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin" } })!;
        var server = new DovecotServer(process, new IPEndPoint(IPAddress.Loopback, port));
        await Proofs.NodeBench.EventuallyAsync(() => process.HasExited || server.Listens(), () => File.Exists($"{folder}/dovecot.log") ? File.ReadAllText($"{folder}/dovecot.log") : "no log");
        if (process.HasExited) throw new InvalidOperationException($"dovecot ended: {await File.ReadAllTextAsync($"{folder}/dovecot.log")}");
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        MailBench.Testing.CliProcess.Signal(_process.Id, "TERM");
        await _process.WaitForExitAsync().WaitAsync(Patience, TimeProvider.System);
        _process.Dispose();
    }

    private bool Listens()
    {
        using var probe = new TcpClient();
        try
        {
            probe.Connect(Imap);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
