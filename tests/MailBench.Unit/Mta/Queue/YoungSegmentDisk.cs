using MailBench.Mta.Queue.Disk;
using MailBench.Mta.Queue.Segments;

namespace MailBench.Unit.Mta.Queue;

/// <summary>The real disk, on which a segment is looked at just before its header comes: the first reading of it sees zeros, all later ones what is there.</summary>
internal sealed class YoungSegmentDisk : IDisk
{
    private readonly RealDisk _disk = new();
    private bool _born;

    public void CreateDirectory(string directory) => _disk.CreateDirectory(directory);

    public ulong DeviceOf(string directory) => _disk.DeviceOf(directory);

    public IDisposable Lock(string directory) => _disk.Lock(directory);

    public IReadOnlyList<string> List(string directory) => _disk.List(directory);

    public IDiskFile Create(string path) => _disk.Create(path);

    public IDiskFile Open(string path, bool writable) => new YoungFile(this, _disk.Open(path, writable));

    public void Delete(string path) => _disk.Delete(path);

    public void Rename(string path, string newPath) => _disk.Rename(path, newPath);

    public void SyncDirectory(string directory) => _disk.SyncDirectory(directory);

    private sealed class YoungFile(YoungSegmentDisk disk, IDiskFile file) : IDiskFile
    {
        public long Length => file.Length;

        public int Read(Span<byte> target, long offset)
        {
            var read = file.Read(target, offset);
            if (disk._born || target.Length != SegmentHeader.Bytes) return read;
            target.Clear();
            disk._born = true;
            return read;
        }

        public void Write(ReadOnlySpan<byte> octets, long offset) => file.Write(octets, offset);

        public bool Preallocate(long offset, long length) => file.Preallocate(offset, length);

        public void SyncData() => file.SyncData();

        public void Dispose() => file.Dispose();
    }
}
