using System.Buffers;
using System.Buffers.Binary;
using MailBench.Model.Nodes;
using MailBench.Mta.Queue.Disk;
using MailBench.Mta.Queue.Segments;

namespace MailBench.Mta.Queue.Files;

/// <summary>
/// One directory of the files backend: <c>ID.msg</c> for each message (<see cref="MessageFile"/>), <c>ID.tmp</c> while it is written, and <c>queue.ids</c>, from which ids go on after a
/// restart. A message is created under its temporary name, written, synced, renamed, and the directory synced. Safe from several writers at once.
/// </summary>
internal sealed class FileDirectory(string path, IDisk disk, QueueShared shared, long life) : IDisposable
{
    public const string IdsName = "queue.ids";
    private const int WriteBytes = 1 << 16;
    private const string MessageSuffix = ".msg", TemporarySuffix = ".tmp";

    /// <summary>Ids that one write of <c>queue.ids</c> covers.</summary>
    private const int IdsCovered = 1 << 16;

    private readonly Lock _ids = new();
    private IDisposable? _lock;
    private long _floor;
    private long _refusedUntil = long.MinValue;

    public string Path => path;

    /// <summary>After a failure of the disk, for a while: other directories are preferred.</summary>
    public bool Refusing => Volatile.Read(ref _refusedUntil) > shared.Time.GetTimestamp();

    public static bool IsMessage(string name, out QueueId id)
    {
        id = default;
        return name.EndsWith(MessageSuffix, StringComparison.Ordinal) && QueueId.TryParse(name.AsSpan(0, name.Length - MessageSuffix.Length), out id) && id + MessageSuffix == name;
    }

    /// <summary>Locks and reads; returns the waiting entries in no order. What was being written, and what is finished, is deleted.</summary>
    public List<QueueEntry> Open()
    {
        _lock = disk.Lock(path);
        var names = disk.List(path);
        if (names.Any(name => DirectoryLog.IsSegment(name, out _)))
            throw new NodeRefusedException($"Queue directory {path} was made by backend segments; let that deliver what waits there, or name another directory with --queue.");
        _floor = ReadFloor(disk, path, names);
        shared.RaiseIds(_floor);
        var entries = new List<QueueEntry>();
        foreach (var name in names)
        {
            if (name.EndsWith(TemporarySuffix, StringComparison.Ordinal)) disk.Delete(PathOf(name));
            if (!IsMessage(name, out var id)) continue;
            shared.RaiseIds(id.Value + 1);
            if (Read(disk, PathOf(name), id, this, writable: true, shared.Damaged) is not { } entry) continue;
            if (entry.Unfinished > 0) entries.Add(entry);
            else disk.Delete(PathOf(name));
        }

        return entries;
    }

    /// <summary>Ids of all directories are known now. A full disk is met again by the first message, which is then refused; what waits can be delivered.</summary>
    public void Begin()
    {
        try
        {
            // What a killed process has renamed may be in the page cache only, and is served from now on.
            shared.Sync(() => disk.SyncDirectory(path));
            Cover(shared.IdFloor);
        }
        catch (DiskException full) when (full.Fault == DiskFault.Full && _floor > 0)
        {
            Fail();
        }
    }

    /// <summary>Writes a message; when this returns it is committed. Throws <see cref="IOException"/>: then nothing of it is kept.</summary>
    public FilePlace Write(QueueEntry entry, IReadOnlyList<ReadOnlyMemory<byte>> content)
    {
        var (temporary, final) = (PathOf(entry.Id + TemporarySuffix), PathOf(entry.Id + MessageSuffix));
        var made = temporary;
        try
        {
            Cover(entry.Id.Value);
            var head = new ArrayBufferWriter<byte>(512);
            var sum = MessageFile.WriteHead(head, entry, content);
            var end = head.WrittenCount + entry.ContentBytes;
            using (var file = disk.Create(temporary))
            {
                WriteGathered(file, head.WrittenSpan, content);
                shared.CountBytes(end);
                shared.Sync(file.SyncData);
            }

            disk.Rename(temporary, final);
            made = final;
            shared.Sync(() => disk.SyncDirectory(path));
            return new FilePlace(this, entry, final, head.WrittenCount, end, sum);
        }
        catch (IOException)
        {
            Fail();
            TryDelete(made);
            throw;
        }
    }

    /// <summary>
    /// Writes a message's new states behind its content, or deletes its file when nobody waits any more. Synced only where somebody waits for that: else a power cut costs duplicates.
    /// False when the disk did not take them: they are back in the place, and <paramref name="again"/> says whether it is to be given to a writer again.
    /// </summary>
    public bool TryWriteStates(FilePlace place, out bool again)
    {
        again = false;
        lock (place.Writing)
        {
            var (states, finished) = place.Take();
            try
            {
                if (finished) Finish(place, states);
                else if (states.Count > 0) Append(place, states);
            }
            catch (FileNotFoundException)
            {
                // Somebody took the file away: what memory still has of the message goes its way, and there is nothing to note it in.
            }
            catch (IOException)
            {
                Fail();
                again = place.GiveBack(states);
                return false;
            }

            foreach (var state in states) state.Durable?.Invoke();
            return true;
        }
    }

    public int ReadContent(FilePlace place, long offset, Span<byte> target)
    {
        using var file = disk.Open(place.Path, writable: false);
        return file.Read(target, place.ContentOffset + offset);
    }

    public void Dispose() => _lock?.Dispose();

    /// <summary>Reads a message's file; null when it is damaged, which is told.</summary>
    public static QueueEntry? Read(IDisk disk, string file, QueueId id, FileDirectory? directory, bool writable, Action<QueueDamage>? damaged)
    {
        using var opened = disk.Open(file, writable);
        if (!MessageFile.TryRead(opened, id, out var entry, out var contentOffset, out var end, out var sum))
        {
            damaged?.Invoke(new QueueDamage(file, 0, opened.Length));
            return null;
        }

        entry!.Place = new FilePlace(directory!, entry, file, contentOffset, end, sum);
        return entry;
    }

    /// <summary>In few writes, however small the pieces are.</summary>
    private static void WriteGathered(IDiskFile file, ReadOnlySpan<byte> head, IReadOnlyList<ReadOnlyMemory<byte>> content)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(WriteBytes);
        try
        {
            long offset = 0;
            var filled = 0;
            for (var i = -1; i < content.Count; i++)
            {
                for (var piece = i < 0 ? head : content[i].Span; !piece.IsEmpty;)
                {
                    var part = Math.Min(piece.Length, buffer.Length - filled);
                    piece[..part].CopyTo(buffer.AsSpan(filled));
                    piece = piece[part..];
                    filled += part;
                    if (filled < buffer.Length) continue;
                    file.Write(buffer, offset);
                    offset += filled;
                    filled = 0;
                }
            }

            if (filled > 0) file.Write(buffer.AsSpan(0, filled), offset);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Append(FilePlace place, List<FileState> states)
    {
        var records = new ArrayBufferWriter<byte>();
        var sum = place.Sum;
        foreach (var state in states) sum = MessageFile.WriteState(records, life, state.Recipient, state.Status, sum);
        using var file = disk.Open(place.Path, writable: true);
        file.Write(records.WrittenSpan, place.End);
        shared.CountBytes(records.WrittenCount);
        if (states.Exists(state => state.Durable is not null)) shared.Sync(file.SyncData);
        place.End += records.WrittenCount;
        place.Sum = sum;
    }

    private void Finish(FilePlace place, List<FileState> states)
    {
        try
        {
            disk.Delete(place.Path);
        }
        catch (FileNotFoundException)
        {
            // Deleted at the first try, whose directory sync failed.
        }

        if (states.Exists(state => state.Durable is not null)) shared.Sync(() => disk.SyncDirectory(path));
    }

    /// <summary>Sees to it that after a restart ids go on behind this one, before a message that has it is committed.</summary>
    private void Cover(long id)
    {
        lock (_ids)
        {
            if (id < _floor) return;
            var floor = id + IdsCovered;
            Span<byte> octets = stackalloc byte[12];
            BinaryPrimitives.WriteInt64LittleEndian(octets, floor);
            BinaryPrimitives.WriteUInt32LittleEndian(octets[8..], Crc32C.Append(0, octets[..8]));
            var temporary = PathOf(IdsName + TemporarySuffix);
            try
            {
                using var file = disk.Create(temporary);
                file.Write(octets, 0);
                shared.Sync(file.SyncData);
            }
            catch (DiskException)
            {
                TryDelete(temporary);
                throw;
            }

            disk.Rename(temporary, PathOf(IdsName));
            shared.Sync(() => disk.SyncDirectory(path));
            _floor = floor;
        }
    }

    private static long ReadFloor(IDisk disk, string path, IReadOnlyList<string> names)
    {
        if (!names.Contains(IdsName)) return 0;
        using var file = disk.Open(System.IO.Path.Combine(path, IdsName), writable: false);
        Span<byte> octets = stackalloc byte[12];
        var whole = file.Read(octets, 0) == octets.Length && BinaryPrimitives.ReadUInt32LittleEndian(octets[8..]) == Crc32C.Append(0, octets[..8]);
        return whole ? BinaryPrimitives.ReadInt64LittleEndian(octets) : 0;
    }

    private void Fail() => Volatile.Write(ref _refusedUntil, shared.Time.GetTimestamp() + (long)(shared.Settings.FailureDelay.TotalSeconds * shared.Time.TimestampFrequency));

    private string PathOf(string name) => System.IO.Path.Combine(path, name);

    private void TryDelete(string file)
    {
        try
        {
            disk.Delete(file);
        }
        catch (IOException)
        {
            // A temporary file goes at the next start; one that was renamed comes back as a message that nobody was promised.
        }
    }
}
