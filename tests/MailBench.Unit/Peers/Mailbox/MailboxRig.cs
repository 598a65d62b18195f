using System.Collections.Concurrent;
using System.Net;
using MailBench.Model.Options;
using MailBench.Peers.Mailbox;
using MailBench.Testing.Smtp;

namespace MailBench.Unit.Peers.Mailbox;

/// <summary>A mailbox server in this process over a folder of its own.</summary>
internal sealed class MailboxRig : IAsyncDisposable
{
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    private readonly MailboxNode _node;

    private MailboxRig(MailboxNode node, string folder)
    {
        _node = node;
        Folder = folder;
    }

    public string Folder { get; }
    public ConcurrentQueue<string> Complaints { get; } = new();
    public IPEndPoint Pop3 { get; private set; } = AnyPort;
    public IPEndPoint Imap { get; private set; } = AnyPort;
    public IPEndPoint Smtp { get; private set; } = AnyPort;
    public IPEndPoint Lmtp { get; private set; } = AnyPort;
    public MailboxNode Node => _node;

    public static async Task<MailboxRig> StartAsync(Func<MailboxOptions, MailboxOptions>? change = null)
    {
        var folder = Directory.CreateTempSubdirectory("mailbench-mailbox-").FullName;
        var options = new MailboxOptions
        {
            Pop3 = [AnyPort],
            Imap = [AnyPort],
            Smtp = [AnyPort],
            Lmtp = [AnyPort],
            StoreDirectory = Path.Combine(folder, "store"),
            Users = 5,
            DiskThreads = 4,
            RefusalDelay = TimeSpan.Zero,
        };
        var complaints = new ConcurrentQueue<string>();
        var rig = new MailboxRig(new MailboxNode(change?.Invoke(options) ?? options, TimeProvider.System) { Complain = complaints.Enqueue }, folder);
        var ready = await rig._node.StartAsync(default);
        rig.Pop3 = ready.First(listener => listener.Role == "pop3").EndPoint;
        rig.Imap = ready.First(listener => listener.Role == "imap").EndPoint;
        rig.Smtp = ready.First(listener => listener.Role == "smtp").EndPoint;
        rig.Lmtp = ready.First(listener => listener.Role == "lmtp").EndPoint;
        return rig;
    }

    public string Maildir(int user, string part = "") => Path.Combine(Folder, "store", $"user{user}", part);

    /// <summary>The files of new and cur, by folder and name.</summary>
    public string[] Files(int user) =>
        [.. new[] { "new", "cur" }.Select(part => Maildir(user, part)).Where(Directory.Exists).SelectMany(Directory.GetFiles).Order(StringComparer.Ordinal)];

    /// <summary>Delivers over SMTP; returns the final reply.</summary>
    public string Deliver(string content, params int[] users)
    {
        using var client = SmtpDialogue.Greet(Smtp);
        return client.Transact("ab12.0-0.7@source.test", [.. users.Select(user => $"user{user}@mail.test")], content);
    }

    /// <summary>Looks until the condition holds; throws <see cref="TimeoutException"/> after half a minute.</summary>
    public static async Task EventuallyAsync(Func<bool> condition)
    {
        var begin = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(begin) > TimeSpan.FromSeconds(30)) throw new TimeoutException("What was waited for did not come.");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
