using MailBench.Model.Nodes;
using MailBench.Model.Units;

namespace MailBench.Peers.Mailbox.Store;

/// <summary>The maildirs of all users under one folder, <c>ROOT/NAME/{tmp,new,cur}</c>, with their folders <c>ROOT/NAME/.FOLDER</c>; POP3 and IMAP share them. Names come from the <see cref="UserTable"/> alone.</summary>
internal sealed class MaildirStore
{
    private readonly UserTable _users;
    private readonly Maildir?[] _maildirs;
    private readonly Dictionary<(int User, string Folder), (Maildir Maildir, int Uses)> _folders = [];
    private readonly string _host;
    private long _lastValidity;
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
            IsLocal = new DriveInfo(Root).DriveType != DriveType.Network;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new NodeRefusedException($"mail cannot be kept in {root}: {refused.Message} Choose a folder that can be written to.", refused);
        }
    }

    public string Root { get; }

    /// <summary>Its file system is of this machine: what the kernel has of it in memory is true.</summary>
    public bool IsLocal { get; }
    public long QuotaBytes { get; }
    public TimeProvider Time { get; }

    /// <summary>Syncs of files and directories so far.</summary>
    public long Syncs => Volatile.Read(ref _syncs);

    /// <summary>On the loop only.</summary>
    public Maildir Of(int user) => _maildirs[user] ??= new Maildir(PathOf(user), isInbox: true, this);

    /// <summary>
    /// A folder of a user for as long as somebody uses it, whether it exists or not; all who use it at one time share one object. Each call is owed a <see cref="Return"/>. On the loop only.
    /// </summary>
    public Maildir Borrow(int user, FolderName folder)
    {
        if (folder.IsInbox) return Of(user);
        var (maildir, uses) = _folders.GetValueOrDefault((user, folder.Text));
        maildir ??= new Maildir(folder.PathIn(PathOf(user)), isInbox: false, this);
        _folders[(user, folder.Text)] = (maildir, uses + 1);
        return maildir;
    }

    public void Return(int user, FolderName folder)
    {
        if (folder.IsInbox) return;
        var (maildir, uses) = _folders[(user, folder.Text)];
        if (uses > 1) _folders[(user, folder.Text)] = (maildir, uses - 1);
        else _folders.Remove((user, folder.Text));
    }

    /// <summary>Where a user's mail is.</summary>
    public string PathOf(int user) => Path.Combine(Root, _users.NameOf(user));

    /// <summary>Unique on this host: time, process and a number (from any thread).</summary>
    public string NextName(long sizeBytes, long wireBytes) =>
        MaildirName.Compose(Time.GetUtcNow(), Environment.ProcessId, Interlocked.Increment(ref _sequence), _host, sizeBytes, wireBytes);

    /// <summary>A UIDVALIDITY (RFC 3501 §2.3.1.1): the second, and never the same twice in a process. From any thread.</summary>
    public uint NextValidity()
    {
        while (true)
        {
            var last = Volatile.Read(ref _lastValidity);
            var next = Math.Max(Time.GetUtcNow().ToUnixTimeSeconds(), last + 1);
            if (Interlocked.CompareExchange(ref _lastValidity, next, last) == last) return (uint)next;
        }
    }

    /// <summary>Time that disk threads spent in syncs so far, all together.</summary>
    public long SyncNs => Volatile.Read(ref _syncNs);

    /// <summary>A sync that began at <paramref name="beginNs"/> has ended.</summary>
    public void CountSync(long beginNs)
    {
        Interlocked.Increment(ref _syncs);
        Interlocked.Add(ref _syncNs, MonotonicClock.NowNs - beginNs);
    }
}
