using System.IO.Enumeration;
using MailBench.Model.Units;
using MailBench.Wire.Imap;
using MailBench.Wire.Pop3;
using Microsoft.Win32.SafeHandles;

namespace MailBench.Peers.Mailbox.Store;

/// <summary>
/// One maildir (<c>tmp new cur</c>), a user's inbox or a folder of that user's, interchangeable with other servers': every name that another program made is taken, and none of ours surprises it. Blocking: on disk
/// threads only, the session lock and what is said <c>AtOnce</c> excepted. Made at the first delivery; one that is not there is empty.
/// </summary>
internal sealed class Maildir(string path, bool isInbox, MaildirStore store)
{
    /// <summary>A listing is kept only if its folders had been left alone for so long when it was read: what changes within a tick of the file system's clock does not show in its time.</summary>
    private static readonly TimeSpan ClockGrain = TimeSpan.FromSeconds(1);

    /// <summary>Longer listings are read anew each time: the memory of all users together stays small.</summary>
    private const int MostKept = 1000;

    private readonly Lock _gate = new();
    private MaildirListing? _kept;
    private DateTime _keptNew;
    private DateTime _keptCur;
    private MaildirIndex? _index;
    private bool _made;
    private bool _full;

    private string New => Path.Combine(path, "new");
    private string Cur => Path.Combine(path, "cur");
    private string Temporary => Path.Combine(path, "tmp");

    /// <summary>A POP3 session holds the maildrop (RFC 1939 §3). On the loop only; deliveries and other protocols go on beside it.</summary>
    public bool IsLocked { get; set; }

    /// <summary>IMAP sessions that are removing messages just now: a POP3 session must not begin meanwhile. On the loop only.</summary>
    public int Removals { get; set; }

    /// <summary>Somebody of this process has put, changed or removed messages. On the loop only.</summary>
    public event Action? Changed;

    /// <summary>Tells those who watch. On the loop only.</summary>
    public void Announce() => Changed?.Invoke();

    /// <summary>Its messages under their UIDs. From any thread.</summary>
    public MaildirIndex Index => Volatile.Read(ref _index) ?? LazyInitializer.EnsureInitialized(ref _index, () => new MaildirIndex(this, path, store));

    /// <summary>It is there: a folder that holds <c>cur</c>.</summary>
    public bool Exists => Directory.Exists(Cur);

    /// <summary>It was at its quota when it was last looked at. From any thread.</summary>
    public bool IsFull => Volatile.Read(ref _full);

    /// <summary>Looks again whether it is full.</summary>
    public void Look()
    {
        try
        {
            List();
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            // Whoever delivers or logs in next meets the same, and reports it.
        }
    }

    /// <summary>What it holds now, oldest first. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.</summary>
    public MaildirListing List()
    {
        lock (_gate)
        {
            var (newTime, curTime) = (Directory.GetLastWriteTimeUtc(New), Directory.GetLastWriteTimeUtc(Cur));
            if (_kept is not null && newTime == _keptNew && curTime == _keptCur) return _kept;
            var now = store.Time.GetUtcNow().UtcDateTime;
            var listing = Read();
            var settled = now - newTime > ClockGrain && now - curTime > ClockGrain && listing.Count <= MostKept;
            _kept = settled ? listing : null;
            if (listing.SizeBytes < store.QuotaBytes) Volatile.Write(ref _full, false);
            (_keptNew, _keptCur) = (newTime, curTime);
            return listing;
        }
    }

    /// <summary>The kept listing, where the kernel says from memory that it still holds: never waits, so a loop may ask. Null: <see cref="List"/> tells.</summary>
    public MaildirListing? ListAtOnce()
    {
        // Who holds the gate may be waiting for a disk.
        if (!store.IsLocal || !_gate.TryEnter()) return null;
        try
        {
            return _kept is not null && CachedFiles.TryTimes(path, out var newTime, out var curTime) && newTime == _keptNew && curTime == _keptCur ? _kept : null;
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>Reads a message, where it was listed, if that needs no wait; returns its octets, less than there is room for. -1: not so, and <see cref="Open"/> is the way. From any thread.</summary>
    public int ReadAtOnce(MaildirMessage message, Span<byte> into) => store.IsLocal ? CachedFiles.Read(path, message.IsNew ? "/new/"u8 : "/cur/"u8, message.Name, into) : -1;

    /// <summary>The same, read from the directory whatever is kept.</summary>
    public MaildirListing ReadAgain()
    {
        lock (_gate)
        {
            _kept = null;
            return List();
        }
    }

    /// <summary>Opens a message for reading, wherever it has moved to since it was listed; null: it is gone.</summary>
    public SafeFileHandle? Open(MaildirMessage message)
    {
        for (var attempt = 0; attempt < 3; attempt++)
        {
            if (Locate(message, attempt > 0) is not { } file) return null;
            try
            {
                return File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            }
            catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
            {
                // Another program gave it flags between the look and the open; it is looked for again, a bounded number of times.
            }
        }

        return null;
    }

    /// <summary>Removes a message; one that is gone already is no fault. Not synced: a power cut may bring it back, never lose another.</summary>
    public void Remove(MaildirMessage message)
    {
        if (Locate(message, search: false) is { } file && File.Exists(file)) File.Delete(file);
        else if (Locate(message, search: true) is { } moved) File.Delete(moved);
    }

    /// <summary>The message has been read: it moves to <c>cur</c> with the flag S, as other servers do.</summary>
    public void MarkSeen(MaildirMessage message) => ChangeFlags(message, set: ImapFlags.Seen, clear: ImapFlags.None);

    /// <summary>Sets and clears flags in the message's name, wherever it is by now; in <c>new</c> no name has flags, so it moves to <c>cur</c>. One that is gone stays gone.</summary>
    public void ChangeFlags(MaildirMessage message, ImapFlags set, ImapFlags clear)
    {
        for (var attempt = 0; attempt < 3; attempt++)
        {
            if (Locate(message, attempt > 0) is not { } file) return;
            var name = Path.GetFileName(file);
            var changed = MaildirName.WithFlags(name, (MaildirName.FlagsOf(name) & ~clear) | set);
            if (changed == name && !message.IsNew) return;
            try
            {
                File.Move(file, Path.Combine(Cur, changed), overwrite: true);
                return;
            }
            catch (FileNotFoundException)
            {
                // Another program has moved or removed it: it is looked for again, a bounded number of times.
            }
        }
    }

    /// <summary>When it arrived: its file's time of modification (RFC 3501 §2.3.3); null: it is gone.</summary>
    public DateTimeOffset? ArrivedAt(MaildirMessage message)
    {
        for (var attempt = 0; attempt < 2; attempt++)
            if (Locate(message, attempt > 0) is { } file && File.GetLastWriteTimeUtc(file) is { Year: > 1601 } time) return time;
        return null;
    }

    /// <summary>
    /// Puts a message of another folder into <c>tmp</c> of this one, ready to <see cref="Appear(string,ImapFlags)"/>: the same file under a second name where the system can (its content is synced already).
    /// Returns its name; null: the message is gone. Throws as <see cref="Prepare"/> does.
    /// </summary>
    public string? PrepareCopy(Maildir from, MaildirMessage message)
    {
        Make();
        Reserve(message.SizeBytes);
        var name = store.NextName(message.SizeBytes, message.WireBytes);
        for (var attempt = 0; attempt < 3; attempt++)
        {
            if (from.Locate(message, attempt > 0) is not { } file) return null;
            try
            {
                NativeDirectory.Link(file, Path.Combine(Temporary, name));
                return name;
            }
            catch (FileNotFoundException)
            {
                // It was given flags between the look and the link.
            }
        }

        return null;
    }

    /// <summary>
    /// Writes a message to <c>tmp</c> and syncs it; nothing of it shows before <see cref="Appear"/>. Returns its name. Throws <see cref="QuotaException"/> or what the disk said; nothing
    /// is left then.
    /// </summary>
    public string Prepare(ContentBuffer content)
    {
        Make();
        Reserve(content.SizeBytes);
        var name = store.NextName(content.SizeBytes, content.WireBytes);
        var file = Path.Combine(Temporary, name);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            using var stream = new FileStream(file, options);
            content.WriteTo(stream);
            var beginNs = MonotonicClock.NowNs;
            stream.Flush(flushToDisk: true);
            store.CountSync(beginNs);
        }
        catch
        {
            Discard(name);
            throw;
        }

        return name;
    }

    /// <summary>Takes back what <see cref="Prepare"/> wrote.</summary>
    public void Discard(string name)
    {
        try
        {
            File.Delete(Path.Combine(Temporary, name));
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            // It stays in tmp, where no reader looks and the sweep of old files ends it; the failure that led here is the one to report.
        }
    }

    /// <summary>The message appears in <c>new</c>; when this returns it survives a power cut.</summary>
    public void Appear(string name)
    {
        File.Move(Path.Combine(Temporary, name), Path.Combine(New, name), overwrite: true);
        SyncFolder(New);
    }

    /// <summary>The same in <c>cur</c> with flags, at a time of arrival of its own perhaps; more of them share a sync (<see cref="SyncFlagged"/>).</summary>
    public void Appear(string name, ImapFlags flags, DateTimeOffset? arrived = null)
    {
        var file = Path.Combine(Temporary, name);
        if (arrived is { } time) File.SetLastWriteTimeUtc(file, time.UtcDateTime);
        File.Move(file, Path.Combine(Cur, MaildirName.WithFlags(name, flags)), overwrite: true);
    }

    /// <summary>What has appeared with flags survives a power cut when this returns.</summary>
    public void SyncFlagged() => SyncFolder(Cur);

    /// <summary>Makes the folders if they are not there, durably.</summary>
    public void Create() => Make();

    private void SyncFolder(string folder)
    {
        var beginNs = MonotonicClock.NowNs;
        NativeDirectory.Sync(folder);
        store.CountSync(beginNs);
    }

    private void Reserve(long octets)
    {
        if (store.QuotaBytes == 0 || List().SizeBytes + octets <= store.QuotaBytes) return;
        Volatile.Write(ref _full, true);
        throw new QuotaException();
    }

    private MaildirListing Read()
    {
        var messages = new List<MaildirMessage>();
        Read(New, isNew: true, messages);
        Read(Cur, isNew: false, messages);
        if (messages.Count == 0) return MaildirListing.Empty;
        messages.Sort(static (a, b) => MaildirName.Compare(a.Name, b.Name));

        // A message that moved from new to cur between the two readings was seen twice, under one base name.
        for (var i = messages.Count - 1; i > 0; i--)
            if (MaildirName.BaseOf(messages[i].Name).SequenceEqual(MaildirName.BaseOf(messages[i - 1].Name))) messages.RemoveAt(i - 1);
        return new MaildirListing(messages);
    }

    private void Read(string folder, bool isNew, List<MaildirMessage> into)
    {
        try
        {
            var files = new FileSystemEnumerable<MaildirMessage>(folder, (ref entry) => Of(ref entry, isNew), Plain)
            {
                ShouldIncludePredicate = static (ref entry) => MaildirName.IsMessage(entry.FileName) && !entry.IsDirectory,
            };
            foreach (var message in files)
                if (message.WireBytes >= 0) into.Add(message);
                else if (Measure(Path.Combine(folder, message.Name)) is { } sizes) into.Add(message with { SizeBytes = sizes.File, WireBytes = sizes.Wire });
        }
        catch (DirectoryNotFoundException)
        {
            // No mail has come yet.
        }
    }

    private static readonly EnumerationOptions Plain = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    private static MaildirMessage Of(ref FileSystemEntry entry, bool isNew)
    {
        var size = MaildirName.FieldOf(entry.FileName, ",S=");
        return new MaildirMessage(entry.FileName.ToString(), isNew, size, size < 0 ? -1 : MaildirName.FieldOf(entry.FileName, ",W="));
    }

    /// <summary>Sizes of a file whose name does not tell them; null: it is gone.</summary>
    private static (long File, long Wire)? Measure(string file)
    {
        try
        {
            using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var buffer = new byte[64 << 10];
            var ending = default(LineEnding);
            long at = 0, wire = 0;
            for (int read; (read = RandomAccess.Read(handle, buffer, at)) > 0; at += read) wire += ending.Measure(buffer.AsSpan(0, read));
            return (at, wire);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private string? Locate(MaildirMessage message, bool search)
    {
        if (!search) return Path.Combine(message.IsNew ? New : Cur, message.Name);
        var wanted = MaildirName.BaseOf(message.Name).ToString();
        return Named(Cur, wanted) ?? Named(New, wanted);
    }

    private static string? Named(string folder, string baseName) => Directory.Exists(folder)
        ? new FileSystemEnumerable<string>(folder, static (ref entry) => entry.ToFullPath(), Plain)
        {
            ShouldIncludePredicate = (ref entry) => MaildirName.BaseOf(entry.FileName).SequenceEqual(baseName),
        }.FirstOrDefault()
        : null;

    /// <summary>Makes the folders, each synced into its parent; once in a process.</summary>
    private void Make()
    {
        if (Volatile.Read(ref _made)) return;
        lock (_gate)
        {
            if (_made) return;
            foreach (var folder in (ReadOnlySpan<string>)[path, Temporary, New, Cur])
                if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
                else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            NativeDirectory.Sync(path);
            NativeDirectory.Sync(Path.GetDirectoryName(path)!);
            if (!isInbox) NativeDirectory.Sync(store.Root);
            SweepTemporary();
            Volatile.Write(ref _made, true);
        }
    }

    /// <summary>What a crash left in <c>tmp</c> is nobody's after 36 hours (the maildir convention).</summary>
    private void SweepTemporary()
    {
        var oldest = store.Time.GetUtcNow().UtcDateTime - TimeSpan.FromHours(36);
        foreach (var file in Directory.EnumerateFiles(Temporary))
            if (File.GetLastWriteTimeUtc(file) < oldest) Discard(Path.GetFileName(file));
    }
}
