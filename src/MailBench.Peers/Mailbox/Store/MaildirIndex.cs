using MailBench.Wire.Imap;

namespace MailBench.Peers.Mailbox.Store;

/// <summary>A message under its UID, with the mod-sequence of its newest change (RFC 7162). Its flags are those of its name; \Recent is told while it lies in <c>new</c>, where nobody has touched it.</summary>
internal sealed record IndexedMessage(uint Uid, long ModSeq, MaildirMessage File)
{
    public ImapFlags Flags { get; } = File.IsNew ? ImapFlags.Recent : MaildirName.FlagsOf(File.Name);
}

/// <summary>What a maildir held at an instant, ascending by UID; immutable. <paramref name="HighestModSeq"/>: no message's is greater, and what changes later gets a greater one.</summary>
internal sealed record MaildirSnapshot(uint Validity, uint Next, long HighestModSeq, IReadOnlyList<IndexedMessage> Messages, MaildirListing Listing)
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
/// A maildir's messages under UIDs and mod-sequences that last. The directory is the one truth, whoever changes it: sessions compare what they have told with the newest snapshot. Blocking, on disk threads only, <see cref="LookAtOnce"/> excepted.
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

    /// <summary>The newest snapshot, where the kernel says from memory that it still holds: never waits, so a loop may ask. Null: <see cref="Look"/> tells.</summary>
    public MaildirSnapshot? LookAtOnce()
    {
        if (!_gate.TryEnter()) return null;
        try
        {
            return _newest is { } newest && ReferenceEquals(maildir.ListAtOnce(), newest.Listing) ? newest : null;
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>
    /// Changes flags, and looks. With <paramref name="unchangedSince"/> those messages stay as they are, and are returned by UID, that have changed after it: by whom of this process, one of two sessions that
    /// ask at once is the later (RFC 7162 §3.1.3).
    /// </summary>
    public IReadOnlySet<uint> Store(IReadOnlyList<IndexedMessage> messages, ImapFlags set, ImapFlags clear, long? unchangedSince)
    {
        lock (_gate)
        {
            var now = unchangedSince is null ? null : Look();
            var kept = new HashSet<uint>();
            foreach (var message in messages)
                if (now?.Find(message.Uid) is { } current && current.ModSeq > unchangedSince) kept.Add(message.Uid);
                else maildir.ChangeFlags(message.File, set, clear);
            Look();
            return kept;
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

    private MaildirSnapshot Build(MaildirListing listing, Dictionary<string, UidEntry>? known)
    {
        var byName = new Dictionary<string, IndexedMessage>(listing.Count, StringComparer.Ordinal);
        var news = new List<(UidEntry Entry, MaildirMessage File)>();
        var changed = _newest is null || _newest.Messages.Count != listing.Count;
        for (var i = 0; i < listing.Count; i++)
        {
            var file = listing[i];
            var name = MaildirName.BaseOf(file.Name).ToString();
            var before = _byName.GetValueOrDefault(name);
            if (before?.File == file)
            {
                byName[name] = before;
                continue;
            }

            changed = true;
            var entry = before is not null ? new UidEntry(name, before.Uid, before.ModSeq, before.Flags & ImapFlags.Storable) : known?.GetValueOrDefault(name) ?? new UidEntry(name, 0, 0, ImapFlags.None);
            var message = new IndexedMessage(entry.Uid, entry.ModSeq, file);
            var flags = message.Flags & ImapFlags.Storable;

            // A file that only moved to cur, or whose name has other letters for what IMAP knows nothing of, is the same to a client.
            if (entry.ModSeq > 0 && flags == entry.Flags) byName[name] = message;
            else news.Add((entry with { Flags = flags }, file));
        }

        if (!changed) return _newest! with { Listing = listing };
        _uids.Begin(maildir.Exists);
        if (news.Count > 0)
        {
            var given = _uids.Add(news.ConvertAll(static one => one.Entry));
            for (var i = 0; i < given.Count; i++) byName[given[i].Name] = new IndexedMessage(given[i].Uid, given[i].ModSeq, news[i].File);
        }

        if (_uids.IsStale(byName.Count)) _uids.Compact([.. byName.Select(static one => new UidEntry(one.Key, one.Value.Uid, one.Value.ModSeq, one.Value.Flags & ImapFlags.Storable))]);
        _byName = byName;
        var messages = byName.Values.ToArray();
        Array.Sort(messages, static (a, b) => a.Uid.CompareTo(b.Uid));
        return new MaildirSnapshot(_uids.Validity, _uids.Next, _uids.HighestModSeq, messages, listing);
    }
}
