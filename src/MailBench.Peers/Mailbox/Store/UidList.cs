using System.Globalization;
using System.Text;

namespace MailBench.Peers.Mailbox.Store;

/// <summary>
/// UIDs that a maildir's messages have been given, in a file beside <c>tmp new cur</c> that other servers pass over: a first line <c>mailbench-uids 1 VALIDITY</c>, then lines <c>UID BASE-NAME</c>
/// and <c>reserved UID next UID boot ID</c>. UIDs below the last reserved one may have been told to somebody: the reservation is synced before that, the lines are not. So a power cut may make messages
/// new to a client, but no UID ever names two (RFC 3501 §2.3.1.1). Within one boot of the machine every line that was written is there, and nothing is skipped. Blocking, under its owner's lock.
/// </summary>
internal sealed class UidList(string folder, MaildirStore store)
{
    /// <summary>Each costs a sync; what is left of one is skipped after a boot.</summary>
    private const uint Reservation = 256;
    private const string FileName = "mailbench-uids", Magic = "mailbench-uids 1 ";

    private static readonly string Boot = File.Exists("/proc/sys/kernel/random/boot_id") ? File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim() : Guid.NewGuid().ToString();

    private readonly string _file = Path.Combine(folder, FileName);
    private uint _reserved;
    private int _lines;
    private bool _onDisk;

    /// <summary>UIDVALIDITY: another one says that all UIDs are new.</summary>
    public uint Validity { get; private set; }

    /// <summary>The next message's UID.</summary>
    public uint Next { get; private set; } = 1;

    /// <summary>Reads the UIDs known so far by base name. A file that is none is begun anew, under a new validity.</summary>
    public Dictionary<string, uint> Load()
    {
        var known = new Dictionary<string, uint>(StringComparer.Ordinal);
        (_onDisk, _lines, Next) = (false, 0, 1);
        if (File.Exists(_file))
        {
            // A last line without an end was cut off while it was written.
            var text = File.ReadAllText(_file, Encoding.UTF8);
            var lines = text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries);
            _onDisk = lines.Length > 0 && lines[0].StartsWith(Magic, StringComparison.Ordinal) && TryNumber(lines[0].AsSpan(Magic.Length), out var validity) && (Validity = validity) > 0;
            if (_onDisk) foreach (var line in lines.Skip(1)) Read(line, known);
            if (!text.EndsWith('\n')) _lines = int.MaxValue / 2;
        }

        if (!_onDisk) Validity = store.NextValidity();
        _reserved = Next;
        return known;
    }

    /// <summary>Makes the file where there is none and (<paramref name="exists"/>) the maildir is there, so that its validity lasts though it may be empty.</summary>
    public void Begin(bool exists)
    {
        if (exists && !_onDisk) Write(Head, append: false, sync: true);
    }

    /// <summary>Gives UIDs to new messages, by base name in order. When this returns they may be told.</summary>
    public void Add(IReadOnlyList<string> names, Action<string, uint> given)
    {
        if (names.Count == 0) return;
        var lines = new StringBuilder();
        if (!_onDisk) lines.Append(Head);
        var reserves = Next + (ulong)names.Count > _reserved;
        if (reserves)
        {
            _reserved = checked(Next + (uint)names.Count + Reservation);
            lines.Append(Reserved);
        }

        var next = Next;
        foreach (var name in names) lines.Append(CultureInfo.InvariantCulture, $"{next++} {name}\n");
        Write(lines.ToString(), append: _onDisk, sync: reserves);
        _lines += names.Count;
        foreach (var name in names) given(name, Next++);
    }

    /// <summary>Most of the file's lines are of messages that are gone, or its end is torn.</summary>
    public bool IsStale(int live) => _onDisk && _lines >= 2 * live + 1000;

    /// <summary>Writes the file anew with the lines of <paramref name="live"/> messages only.</summary>
    public void Compact(IReadOnlyCollection<(string Name, uint Uid)> live)
    {
        var lines = new StringBuilder(Head);
        lines.Append(Reserved);
        foreach (var (name, uid) in live) lines.Append(CultureInfo.InvariantCulture, $"{uid} {name}\n");
        Write(lines.ToString(), append: false, sync: true);
        _lines = live.Count;
    }

    private string Head => string.Create(CultureInfo.InvariantCulture, $"{Magic}{Validity}\n");

    private string Reserved => string.Create(CultureInfo.InvariantCulture, $"reserved {_reserved} next {Next} boot {Boot}\n");

    private void Read(string line, Dictionary<string, uint> known)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        if (space > 0 && TryNumber(line.AsSpan(0, space), out var uid) && uid > 0)
        {
            known[line[(space + 1)..]] = uid;
            Next = Math.Max(Next, uid + 1);
            _lines++;
        }
        else if (line.Split(' ') is ["reserved", var reserved, "next", var next, "boot", var boot] && TryNumber(boot == Boot ? next : reserved, out uid))
        {
            Next = Math.Max(Next, uid);
        }
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out uint number) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private void Write(string lines, bool append, bool sync)
    {
        var octets = Encoding.UTF8.GetBytes(lines);
        if (!append)
        {
            // Whole or not at all: written beside it, synced, renamed.
            var beside = $"{_file}.new";
            using (var stream = Open(beside, FileMode.Create))
            {
                stream.Write(octets);
                Sync(stream);
            }

            File.Move(beside, _file, overwrite: true);
            NativeDirectory.Sync(folder);
            _onDisk = true;
            return;
        }

        using var end = Open(_file, FileMode.Append);
        end.Write(octets);
        if (sync) Sync(end);
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
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(file, options);
    }
}
