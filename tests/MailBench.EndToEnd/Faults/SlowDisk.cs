using MailBench.Mta.Queue.Disk;

namespace MailBench.EndToEnd.Faults;

/// <summary>The real disk, whose syncs take as long as the test wants.</summary>
internal sealed class SlowDisk : IDisk, IDisposable
{
    private readonly RealDisk _disk = new();
    private readonly ManualResetEventSlim _open = new(initialState: true);
    private int _waiting;

    /// <summary>Syncs that do not return.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    public void Hold() => _open.Reset();

    public void Release() => _open.Set();

    public void CreateDirectory(string directory) => _disk.CreateDirectory(directory);

    public ulong DeviceOf(string directory) => _disk.DeviceOf(directory);

    public IDisposable Lock(string directory) => _disk.Lock(directory);

    public IReadOnlyList<string> List(string directory) => _disk.List(directory);

    public IDiskFile Create(string path) => new SlowFile(this, _disk.Create(path));

    public IDiskFile Open(string path, bool writable) => new SlowFile(this, _disk.Open(path, writable));

    public void Delete(string path) => _disk.Delete(path);

    public void Rename(string path, string newPath) => _disk.Rename(path, newPath);

    public void SyncDirectory(string directory) => _disk.SyncDirectory(directory);

    public void Dispose() => _open.Dispose();

    private sealed class SlowFile(SlowDisk disk, IDiskFile file) : IDiskFile
    {
        public long Length => file.Length;

        public int Read(Span<byte> target, long offset) => file.Read(target, offset);

        public void Write(ReadOnlySpan<byte> octets, long offset) => file.Write(octets, offset);

        public bool Preallocate(long offset, long length) => file.Preallocate(offset, length);

        public void SyncData()
        {
            Interlocked.Increment(ref disk._waiting);
            disk._open.Wait();
            Interlocked.Decrement(ref disk._waiting);
            file.SyncData();
        }

        public void Dispose() => file.Dispose();
    }
}
