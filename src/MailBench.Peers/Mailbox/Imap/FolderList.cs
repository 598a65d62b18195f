using MailBench.Peers.Mailbox.Store;

namespace MailBench.Peers.Mailbox.Imap;

/// <summary>A line of LIST or LSUB.</summary>
internal sealed record FolderEntry(string Name, string Attributes);

/// <summary>
/// The folders of one user (Maildir++: directories whose names begin with a dot) and the names subscribed to, in a file <c>mailbench-subscriptions</c>. Blocking, on disk threads only.
/// </summary>
internal sealed class FolderList(string path)
{
    private const int MostFolders = 1000;
    private const string SubscriptionsFile = "mailbench-subscriptions";

    /// <summary>One user's sessions change subscriptions one after another; it is seldom enough that all users may.</summary>
    private static readonly Lock Gate = new();

    /// <summary>Folders whose names match a pattern, and parents that are no folders themselves where a pattern finds them.</summary>
    public IReadOnlyList<FolderEntry> Match(string pattern) => Entries(Existing(), pattern, subscribed: false);

    public IReadOnlyList<FolderEntry> Subscribed(string pattern) => Entries(Subscriptions(), pattern, subscribed: true);

    /// <summary>Null, or why not.</summary>
    public string? Create(Maildir maildir, FolderName folder)
    {
        if (Existing().Count >= MostFolders) return "[LIMIT] too many mailboxes";
        maildir.Create();
        File.WriteAllBytes(Path.Combine(folder.PathIn(path), "maildirfolder"), []);
        return null;
    }

    /// <summary>The folder and its messages; its children stay. False: it is not there.</summary>
    public bool Delete(FolderName folder)
    {
        var directory = folder.PathIn(path);
        if (!Directory.Exists(directory)) return false;

        // Gone at once for everybody under a name that no folder can have, whatever then becomes of the files.
        var doomed = Path.Combine(path, $"..gone-{Guid.NewGuid():N}");
        Directory.Move(directory, doomed);
        Directory.Delete(doomed, recursive: true);
        NativeDirectory.Sync(path);
        return true;
    }

    /// <summary>The folder and its children. Null, or why not.</summary>
    public string? Rename(FolderName folder, FolderName name)
    {
        var below = folder.Text + FolderName.Separator;
        var moved = Existing().Where(one => one == folder.Text || one.StartsWith(below, StringComparison.Ordinal)).Select(one => (From: one, To: name.Text + one[folder.Text.Length..])).ToList();
        if (moved.Count == 0) return "[NONEXISTENT] there is no such mailbox";
        if (name.Text.StartsWith(below, StringComparison.Ordinal)) return "[CANNOT] a mailbox cannot move into itself";
        if (moved.Exists(move => !FolderName.TryRead(move.To, out _))) return "[CANNOT] this cannot be a mailbox's name";
        if (moved.Exists(move => Directory.Exists(Path.Combine(path, FolderName.Separator + move.To)))) return "[ALREADYEXISTS] the mailbox is there already";
        foreach (var (from, to) in moved) Directory.Move(Path.Combine(path, FolderName.Separator + from), Path.Combine(path, FolderName.Separator + to));
        NativeDirectory.Sync(path);
        return null;
    }

    /// <summary>Null, or why not.</summary>
    public string? Subscribe(FolderName folder, bool wanted)
    {
        lock (Gate)
        {
            var names = Subscriptions();
            if (wanted ? !names.Add(folder.Text) : !names.Remove(folder.Text)) return null;
            if (names.Count > MostFolders) return "[LIMIT] too many subscriptions";
            Directory.CreateDirectory(path);
            var file = Path.Combine(path, SubscriptionsFile);
            File.WriteAllLines(file + ".new", names);
            File.Move(file + ".new", file, overwrite: true);
            return null;
        }
    }

    private SortedSet<string> Existing()
    {
        var names = new SortedSet<string>(StringComparer.Ordinal) { FolderName.Inbox.Text };
        if (!Directory.Exists(path)) return names;
        foreach (var directory in Directory.EnumerateDirectories(path, FolderName.Separator + "*"))
            if (FolderName.TryRead(Path.GetFileName(directory)[1..], out var folder)) names.Add(folder.Text);
        return names;
    }

    private SortedSet<string> Subscriptions()
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        var file = Path.Combine(path, SubscriptionsFile);
        if (!File.Exists(file)) return names;
        foreach (var line in File.ReadLines(file).Take(MostFolders))
            if (FolderName.TryRead(line, out var folder)) names.Add(folder.Text);
        return names;
    }

    private static List<FolderEntry> Entries(SortedSet<string> names, string pattern, bool subscribed)
    {
        var parents = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var name in names)
            for (var dot = name.IndexOf(FolderName.Separator, StringComparison.Ordinal); dot > 0; dot = name.IndexOf(FolderName.Separator, dot + 1)) parents.Add(name[..dot]);
        var entries = new List<FolderEntry>();
        foreach (var name in names.Union(parents).Order(StringComparer.Ordinal))
        {
            if (!Glob(pattern, name)) continue;
            var isThere = names.Contains(name);

            // LSUB tells of a parent only for the sake of a child that % hides (RFC 3501 §6.3.9).
            if (subscribed && !isThere && !pattern.Contains('%', StringComparison.Ordinal)) continue;
            entries.Add(new FolderEntry(name, subscribed ? isThere ? "" : "\\Noselect" : $"{(isThere ? "" : "\\Noselect ")}{(parents.Contains(name) ? "\\HasChildren" : "\\HasNoChildren")}"));
        }

        return entries;
    }

    /// <summary>* matches anything, % anything without a separator; the time is at most the product of the lengths. The inbox is itself in any case.</summary>
    private static bool Glob(string pattern, string name)
    {
        var anyCase = name == FolderName.Inbox.Text;
        var reach = new bool[name.Length + 1];
        reach[0] = true;
        foreach (var sign in pattern)
        {
            if (sign is '*' or '%')
            {
                for (var at = 1; at <= name.Length; at++) reach[at] |= reach[at - 1] && (sign == '*' || name[at - 1] != FolderName.Separator);
                continue;
            }

            for (var at = name.Length; at > 0; at--) reach[at] = reach[at - 1] && (name[at - 1] == sign || (anyCase && name[at - 1] == char.ToUpperInvariant(sign)));
            reach[0] = false;
        }

        return reach[name.Length];
    }
}
