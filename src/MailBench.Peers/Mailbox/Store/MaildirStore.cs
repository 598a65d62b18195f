using MailBench.Model.Nodes;
using MailBench.Model.Units;

namespace MailBench.Peers.Mailbox.Store;

/// <summary>The maildirs of all users under one folder, <c>ROOT/NAME/{tmp,new,cur}</c>; POP3, and IMAP later, share it. Names come from the <see cref="UserTable"/> alone.</summary>
internal sealed class MaildirStore
{
    private readonly UserTable _users;
    private readonly Maildir?[] _maildirs;
    private readonly string _host;
    private long _sequence;
    private long _syncs;
    private long _syncNs;

    /// <summary>Makes the folder if need be; throws <see cref="NodeRefusedException"/> when it cannot be written to.</summary>
    public MaildirStore(string root, UserTable users, string host, long quotaBytes, TimeProvider time)
    {
        _users = users;
        _maildirs = new Maildir?[users.Count];
        _host = host;
        QuotaBytes = quotaBytes;
        Time = time;
        try
        {
            Root = OperatingSystem.IsWindows() || Directory.Exists(root)
                ? Directory.CreateDirectory(root).FullName
                : Directory.CreateDirectory(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
            var probe = Path.Combine(Root, $".probe-{Environment.ProcessId}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new NodeRefusedException($"mail cannot be kept in {root}: {refused.Message} Choose a folder that can be written to.", refused);
        }
    }

    public string Root { get; }
    public long QuotaBytes { get; }
    public TimeProvider Time { get; }

    /// <summary>Syncs of files and directories so far.</summary>
    public long Syncs => Volatile.Read(ref _syncs);

    /// <summary>On the loop only.</summary>
    public Maildir Of(int user) => _maildirs[user] ??= new Maildir(Path.Combine(Root, _users.NameOf(user)), this);

    /// <summary>Unique on this host: time, process and a number (from any thread).</summary>
    public string NextName(ContentBuffer content) =>
        MaildirName.Compose(Time.GetUtcNow(), Environment.ProcessId, Interlocked.Increment(ref _sequence), _host, content.SizeBytes, content.WireBytes);

    /// <summary>Time that disk threads spent in syncs so far, all together.</summary>
    public long SyncNs => Volatile.Read(ref _syncNs);

    /// <summary>A sync that began at <paramref name="beginNs"/> has ended.</summary>
    public void CountSync(long beginNs)
    {
        Interlocked.Increment(ref _syncs);
        Interlocked.Add(ref _syncNs, MonotonicClock.NowNs - beginNs);
    }
}
