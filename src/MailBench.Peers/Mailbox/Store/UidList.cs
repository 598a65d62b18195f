using System.Globalization;
using System.Text;
using MailBench.Wire.Imap;

namespace MailBench.Peers.Mailbox.Store;

/// <summary>What is kept of a message: its file's base name, its UID (0: it has none yet), the mod-sequence of its newest change (0: not known) and the flags it had then.</summary>
internal sealed record UidEntry(string Name, uint Uid, long ModSeq, ImapFlags Flags);

/// <summary>
/// UIDs and mod-sequences (RFC 7162) that a maildir's messages have been given, in a file beside <c>tmp new cur</c> that other servers pass over: a first line <c>mailbench-uids 2 VALIDITY =</c>, then a line
/// <c>UID MODSEQ FLAGS BASE-NAME</c> for each message and each change of its flags (the last one counts; FLAGS is the number of <see cref="ImapFlags"/>), and <c>reserved UID MODSEQ next UID boot ID</c>. UIDs and
/// mod-sequences up to the last reserved ones may have been told to somebody: the reservation is synced before that, the lines are not. So a power cut may make messages new or changed to a client, but no UID ever
/// names two (RFC 3501 §2.3.1.1), and none that changed hides behind an old mod-sequence: after another boot all messages count as changed, since a power cut may have undone renames as well as lines. Within
/// one boot of the machine every line that was written is there. Where a change of flags cannot be written (the disk is full), the <c>=</c> becomes a <c>!</c>, and the same holds as after another boot. Blocking,
/// under its owner's lock.
/// </summary>
internal sealed class UidList(string folder, MaildirStore store)
{
    /// <summary>Each costs a sync; what is left of one is skipped after a boot.</summary>
    private const uint Reservation = 256;
    private const string FileName = "mailbench-uids", Magic = "mailbench-uids 2 ", Whole = " =", Torn = " !";

    private static readonly string Boot = File.Exists("/proc/sys/kernel/random/boot_id") ? File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim() : Guid.NewGuid().ToString();

    private readonly string _file = Path.Combine(folder, FileName);
    private uint _reserved;
    private long _reservedModSeq;
    private int _lines;
    private bool _onDisk;
    private bool _torn;

    /// <summary>UIDVALIDITY: another one says that all UIDs are new.</summary>
    public uint Validity { get; private set; }

    /// <summary>The next message's UID.</summary>
    public uint Next { get; private set; } = 1;

    /// <summary>The greatest mod-sequence that was given; at least 1, since 0 is none (RFC 7162 §7).</summary>
    public long HighestModSeq { get; private set; } = 1;

    /// <summary>Reads what is known so far by base name. A file that is none is begun anew, under a new validity.</summary>
    public Dictionary<string, UidEntry> Load()
    {
        var known = new Dictionary<string, UidEntry>(StringComparer.Ordinal);
        (_onDisk, _torn, _lines, Next, HighestModSeq, _reserved, _reservedModSeq) = (false, false, 0, 1, 1, 0, 0);
        if (File.Exists(_file))
        {
            // A last line without an end was cut off while it was written.
            var text = File.ReadAllText(_file, Encoding.UTF8);
            var lines = text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries);
            _onDisk = lines.Length > 0 && TryHead(lines[0]);
            var boot = _onDisk ? lines.Skip(1).Aggregate("", (last, line) => Read(line, known) ?? last) : Boot;
            _torn |= _onDisk && !text.EndsWith('\n');
            if (_torn || boot != Boot) Doubt(known);
        }

        if (!_onDisk) Validity = store.NextValidity();
        return known;
    }

    /// <summary>Makes the file where there is none and (<paramref name="exists"/>) the maildir is there, so that its validity lasts though it may be empty.</summary>
    public void Begin(bool exists)
    {
        if (exists && !_onDisk) Write(Head, append: false, sync: true);
    }

    /// <summary>
    /// Gives UIDs to those that have none, in order, and to all of them one mod-sequence, greater than any before. When this returns they may be told. Throws <see cref="IOException"/> where new messages cannot be
    /// written down; changes of flags need not be.
    /// </summary>
    public IReadOnlyList<UidEntry> Add(IReadOnlyList<UidEntry> entries)
    {
        var (next, modSeq) = (Next, HighestModSeq + 1);
        var given = entries.Select(entry => entry with { Uid = entry.Uid > 0 ? entry.Uid : next++, ModSeq = modSeq }).ToArray();
        var lines = new StringBuilder(_onDisk ? "" : Head);
        var reserves = next > _reserved || modSeq > _reservedModSeq;
        var (reserved, reservedModSeq) = reserves ? (checked(next + Reservation), modSeq + Reservation) : (_reserved, _reservedModSeq);
        if (reserves) lines.Append(Reserved(reserved, reservedModSeq));
        foreach (var entry in given) Append(entry, lines);
        try
        {
            Write(lines.ToString(), append: _onDisk, sync: reserves);
            _lines += given.Length;
        }
        catch (IOException) when (_onDisk && !reserves && next == Next)
        {
            Tear();
        }

        (_reserved, _reservedModSeq, Next, HighestModSeq) = (reserved, reservedModSeq, next, modSeq);
        return given;
    }

    /// <summary>Most of the file's lines are of messages that are gone or of changes since changed again, or some are missing.</summary>
    public bool IsStale(int live) => _onDisk && (_torn || _lines >= 2 * live + 1000);

    /// <summary>Writes the file anew with a line for each of the <paramref name="live"/> messages, if there is room for it.</summary>
    public void Compact(IReadOnlyCollection<UidEntry> live)
    {
        var lines = new StringBuilder(Head);
        lines.Append(Reserved(_reserved, _reservedModSeq));
        foreach (var entry in live) Append(entry, lines);
        try
        {
            Write(lines.ToString(), append: false, sync: true);
            (_lines, _torn) = (live.Count, false);
        }
        catch (IOException)
        {
            // The file that is there says the same at greater length, or says itself that it does not; it is tried again with the next change.
            File.Delete(Beside);
        }
    }

    private string Beside => $"{_file}.new";

    private string Head => string.Create(CultureInfo.InvariantCulture, $"{Magic}{Validity}{Whole}\n");

    private string Reserved(uint uid, long modSeq) => string.Create(CultureInfo.InvariantCulture, $"reserved {uid} {modSeq} next {Next} boot {Boot}\n");

    private static void Append(UidEntry entry, StringBuilder lines) => lines.Append(CultureInfo.InvariantCulture, $"{entry.Uid} {entry.ModSeq} {(byte)entry.Flags} {entry.Name}\n");

    private bool TryHead(string line)
    {
        _torn = line.EndsWith(Torn, StringComparison.Ordinal);
        if (!line.StartsWith(Magic, StringComparison.Ordinal) || !(_torn || line.EndsWith(Whole, StringComparison.Ordinal)) || !TryNumber(line.AsSpan(Magic.Length..^Whole.Length), out var validity)) return false;
        Validity = (uint)validity;
        return validity is > 0 and <= uint.MaxValue;
    }

    /// <summary>Takes a line in; of a reservation, returns the boot in which it was made.</summary>
    private string? Read(string line, Dictionary<string, UidEntry> known)
    {
        var fields = line.Split(' ', 4);
        if (fields.Length == 4 && TryNumber(fields[0], out var uid) && TryNumber(fields[1], out var modSeq) && TryNumber(fields[2], out var flags) && uid is > 0 and < uint.MaxValue && modSeq > 0)
        {
            known[fields[3]] = new UidEntry(fields[3], (uint)uid, modSeq, (ImapFlags)flags & ImapFlags.Storable);
            (Next, HighestModSeq) = (Math.Max(Next, (uint)uid + 1), Math.Max(HighestModSeq, modSeq));
            _lines++;
        }
        else if (line.Split(' ') is ["reserved", var reserved, var reservedModSeq, "next", var next, "boot", var boot] && TryNumber(reserved, out uid) && TryNumber(reservedModSeq, out modSeq) && TryNumber(next, out var first))
        {
            (_reserved, _reservedModSeq) = (Math.Max(_reserved, (uint)uid), Math.Max(_reservedModSeq, modSeq));
            Next = Math.Max(Next, (uint)first);
            return boot;
        }

        return null;
    }

    /// <summary>Lines may be missing: all that was reserved may have been told, and any message may have changed.</summary>
    private void Doubt(Dictionary<string, UidEntry> known)
    {
        (Next, HighestModSeq) = (Math.Max(Next, _reserved), Math.Max(HighestModSeq, _reservedModSeq));
        foreach (var (name, entry) in known) known[name] = entry with { ModSeq = 0 };
    }

    /// <summary>Says in place, which needs no room, that lines are missing. A disk that refuses even that refuses the next reservation too.</summary>
    private void Tear()
    {
        _torn = true;
        using var file = Open(_file, FileMode.Open);
        file.Position = Head.Length - 2;
        file.Write("!"u8);
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private void Write(string lines, bool append, bool sync)
    {
        var octets = Encoding.UTF8.GetBytes(lines);
        if (!append)
        {
            // Whole or not at all: written beside it, synced, renamed.
            using (var stream = Open(Beside, FileMode.Create))
            {
                stream.Write(octets);
                Sync(stream);
            }

            File.Move(Beside, _file, overwrite: true);
            NativeDirectory.Sync(folder);
            _onDisk = true;
            return;
        }

        using var end = Open(_file, FileMode.Append);
        var before = end.Length;
        try
        {
            end.Write(octets);
            if (sync) Sync(end);
        }
        catch (IOException)
        {
            // Half a line must not become the beginning of the next one.
            end.SetLength(before);
            throw;
        }
    }

    private void Sync(FileStream stream)
    {
        var beginNs = Model.Units.MonotonicClock.NowNs;
        stream.Flush(flushToDisk: true);
        store.CountSync(beginNs);
    }

    private static FileStream Open(string file, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows() && mode != FileMode.Open) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(file, options);
    }
}
