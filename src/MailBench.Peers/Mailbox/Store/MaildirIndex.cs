using MailBench.Wire.Imap;

namespace MailBench.Peers.Mailbox.Store;

/// <summary>A message under its UID. Its flags are those of its name; \Recent is told while it lies in <c>new</c>, where nobody has touched it.</summary>
internal sealed record IndexedMessage(uint Uid, MaildirMessage File)
{
    public ImapFlags Flags { get; } = File.IsNew ? ImapFlags.Recent : MaildirName.FlagsOf(File.Name);
}

/// <summary>What a maildir held at an instant, ascending by UID; immutable.</summary>
internal sealed record MaildirSnapshot(uint Validity, uint Next, IReadOnlyList<IndexedMessage> Messages, MaildirListing Listing)
{
    public long SizeBytes => Messages.Sum(static message => message.File.WireBytes);

    /// <summary>The message of a UID; null: there is none.</summary>
    public IndexedMessage? Find(uint uid)
    {
        int low = 0, high = Messages.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (Messages[middle].Uid == uid) return Messages[middle];
            if (Messages[middle].Uid < uid) low = middle + 1;
            else high = middle - 1;
        }

        return null;
    }
}

/// <summary>
/// A maildir's messages under UIDs that last. The directory is the one truth, whoever changes it: sessions compare what they have told with the newest snapshot. Blocking, on disk threads only.
/// </summary>
internal sealed class MaildirIndex(Maildir maildir, string path, MaildirStore store)
{
    private const int Readings = 3;

    private readonly Lock _gate = new();
    private readonly UidList _uids = new(path, store);
    private Dictionary<string, IndexedMessage> _byName = new(StringComparer.Ordinal);
    private volatile MaildirSnapshot? _newest;

    /// <summary>What the last look saw, without another: null before the first.</summary>
    public MaildirSnapshot? Newest => _newest;

    /// <summary>The newest snapshot, after a look at the disk; with the same list of messages as last time if nothing has changed. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.</summary>
    public MaildirSnapshot Look()
    {
        lock (_gate)
        {
            var listing = maildir.List();
            if (_newest is not null && ReferenceEquals(listing, _newest.Listing)) return _newest;
            var known = _newest is null ? _uids.Load() : null;
            if (_newest is not null) listing = Settle(listing);
            return _newest = Build(listing, known);
        }
    }

    /// <summary>
    /// A file that another program renames while the directory is read may be missed. So a message is gone only when two readings in succession, or three in all, do not have it.
    /// </summary>
    private MaildirListing Settle(MaildirListing listing)
    {
        var missing = MissingIn(listing);
        for (var reading = 1; missing > 0 && reading < Readings; reading++)
        {
            listing = maildir.ReadAgain();
            var still = MissingIn(listing);
            if (still == missing) break;
            missing = still;
        }

        return listing;
    }

    private int MissingIn(MaildirListing listing)
    {
        var there = 0;
        for (var i = 0; i < listing.Count; i++)
            if (_byName.ContainsKey(MaildirName.BaseOf(listing[i].Name).ToString())) there++;
        return _byName.Count - there;
    }

    private MaildirSnapshot Build(MaildirListing listing, Dictionary<string, uint>? known)
    {
        var byName = new Dictionary<string, IndexedMessage>(listing.Count, StringComparer.Ordinal);
        var fresh = new List<(string Name, MaildirMessage File)>();
        var changed = _newest is null || _newest.Messages.Count != listing.Count;
        for (var i = 0; i < listing.Count; i++)
        {
            var file = listing[i];
            var name = MaildirName.BaseOf(file.Name).ToString();
            if (_byName.TryGetValue(name, out var before))
            {
                var same = before.File == file;
                changed |= !same;
                byName[name] = same ? before : new IndexedMessage(before.Uid, file);
            }
            else if (known is not null && known.TryGetValue(name, out var uid))
            {
                byName[name] = new IndexedMessage(uid, file);
            }
            else
            {
                fresh.Add((name, file));
            }
        }

        if (_newest is not null && !changed && fresh.Count == 0) return _newest with { Listing = listing };
        _uids.Begin(maildir.Exists);
        var files = fresh.ToDictionary(static one => one.Name, static one => one.File, StringComparer.Ordinal);
        _uids.Add([.. files.Keys], (name, uid) => byName[name] = new IndexedMessage(uid, files[name]));
        if (_uids.IsStale(byName.Count)) _uids.Compact([.. byName.Select(static one => (one.Key, one.Value.Uid))]);
        _byName = byName;
        var messages = byName.Values.ToArray();
        Array.Sort(messages, static (a, b) => a.Uid.CompareTo(b.Uid));
        return new MaildirSnapshot(_uids.Validity, _uids.Next, messages, listing);
    }
}
