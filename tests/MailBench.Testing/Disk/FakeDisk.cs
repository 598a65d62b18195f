using MailBench.Model.Nodes;
using MailBench.Mta.Queue.Disk;

namespace MailBench.Testing.Disk;

/// <summary>The power went off at an operation: thrown by it and by all later ones.</summary>
public sealed class PowerCutException(long operation) : Exception($"power cut at disk operation {operation}");

/// <summary>
/// A disk in memory that knows what is durable. A write survives a power cut for sure only after the file's sync, a created or deleted name only after the directory's; before,
/// each write may be lost, kept or torn at sectors, each creation or deletion lost or kept, in any combination. A sync that failed has decided the fate of its writes: a later
/// successful one does not save them, as Linux behaves. Operations that change something are counted from 1, and can fail or be the last.
/// </summary>
public sealed class FakeDisk : IDisk
{
    public const int SectorBytes = 512;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, FakeDirectory> _directories = [];
    private readonly HashSet<string> _locked = [];
    private readonly Random _fates;

    /// <param name="seed">Decides what a failed sync leaves behind.</param>
    public FakeDisk(int seed = 1) => _fates = new Random(seed);

    /// <summary>Changing operations so far.</summary>
    public long Operations { get; private set; }

    /// <summary>Whether allocation gives zeros by itself, or its caller must write them.</summary>
    public bool Allocates { get; init; } = true;

    /// <summary>The operation at which the power goes off, before it has any effect; 0: never.</summary>
    public long CutAt { get; set; }

    /// <summary>Asked for each changing operation: the fault that it meets, or null.</summary>
    public Func<long, DiskFault?>? Faults { get; set; }

    /// <summary>Octets of all files together at which the disk is full.</summary>
    public long CapacityBytes { get; set; } = long.MaxValue;

    /// <summary>The device of a directory; all on one when not set.</summary>
    public Func<string, ulong>? Devices { get; set; }

    /// <summary>What a restart finds after the power was cut now.</summary>
    public FakeDisk AfterPowerCut(Random random)
    {
        lock (_gate)
        {
            var survivor = new FakeDisk(random.Next()) { Devices = Devices, CapacityBytes = CapacityBytes };
            foreach (var (path, directory) in _directories) survivor._directories.Add(path, directory.Survive(random));
            return survivor;
        }
    }

    /// <summary>What a restart finds after the process was killed now: everything written, durable or not.</summary>
    public FakeDisk AfterKill()
    {
        lock (_gate)
        {
            var survivor = new FakeDisk(_fates.Next()) { Devices = Devices, CapacityBytes = CapacityBytes };
            foreach (var (path, directory) in _directories) survivor._directories.Add(path, directory);
            return survivor;
        }
    }

    /// <summary>Files of a directory, by path.</summary>
    public IReadOnlyList<string> Paths(string directory) => [.. List(directory).Select(name => Path.Combine(directory, name)).Order(StringComparer.Ordinal)];

    /// <summary>Changes octets behind the queue's back, durably.</summary>
    public void Damage(string path, long offset, ReadOnlySpan<byte> octets)
    {
        lock (_gate) Find(path).Damage(offset, octets);
    }

    /// <summary>A file's present octets.</summary>
    public byte[] Content(string path)
    {
        lock (_gate) return Find(path).Cache.ToArray();
    }

    /// <summary>Octets of a file.</summary>
    public long Length(string path)
    {
        lock (_gate) return Find(path).Cache.Length;
    }

    public void CreateDirectory(string directory)
    {
        lock (_gate) _directories.TryAdd(directory, new FakeDirectory());
    }

    public ulong DeviceOf(string directory) => Devices?.Invoke(directory) ?? 1;

    public IDisposable Lock(string directory)
    {
        lock (_gate) return _locked.Add(directory) ? new Release(this, directory) : throw new NodeRefusedException($"{directory} is in use by process 1");
    }

    public IReadOnlyList<string> List(string directory)
    {
        lock (_gate) return [.. _directories[directory].Names.Keys];
    }

    public IDiskFile Create(string path)
    {
        lock (_gate)
        {
            Perform(path);
            var file = new FakeInode();
            DirectoryOf(path).Create(Path.GetFileName(path), file);
            return new FakeFile(this, path, file);
        }
    }

    public IDiskFile Open(string path, bool writable)
    {
        lock (_gate) return new FakeFile(this, path, Find(path));
    }

    public void Delete(string path)
    {
        lock (_gate)
        {
            Perform(path);
            DirectoryOf(path).Delete(Path.GetFileName(path));
        }
    }

    public void Rename(string path, string newPath)
    {
        lock (_gate)
        {
            Perform(path);
            DirectoryOf(path).Rename(Path.GetFileName(path), Path.GetFileName(newPath));
        }
    }

    public void SyncDirectory(string directory)
    {
        lock (_gate)
        {
            Perform(directory);
            _directories[directory].Sync();
        }
    }

    private FakeDirectory DirectoryOf(string path) => _directories[Path.GetDirectoryName(path)!];

    private FakeInode Find(string path) =>
        DirectoryOf(path).Names.TryGetValue(Path.GetFileName(path), out var file) ? file : throw new FileNotFoundException(path, path);

    /// <summary>Counts the operation; throws what it is to meet.</summary>
    private void Perform(string path)
    {
        var fault = Next();
        if (fault is not null) throw new DiskException(fault.Value, $"{path}: planted {fault} at operation {Operations}");
    }

    private DiskFault? Next()
    {
        if (CutAt > 0 && Operations + 1 >= CutAt) throw new PowerCutException(CutAt);
        Operations++;
        return Faults?.Invoke(Operations);
    }

    private void Claim(FakeInode file, long end, string path)
    {
        var more = Math.Max(0, end - file.Cache.Length);
        if (more > 0 && _directories.Values.SelectMany(directory => directory.Names.Values).Sum(other => other.Cache.Length) + more > CapacityBytes)
            throw new DiskException(DiskFault.Full, $"{path}: the fake disk is full");
    }

    private sealed class Release(FakeDisk disk, string directory) : IDisposable
    {
        public void Dispose()
        {
            lock (disk._gate) disk._locked.Remove(directory);
        }
    }

    private sealed class FakeFile(FakeDisk disk, string path, FakeInode file) : IDiskFile
    {
        private bool _closed;

        public long Length
        {
            get
            {
                lock (disk._gate) return file.Cache.Length;
            }
        }

        public int Read(Span<byte> target, long offset)
        {
            lock (disk._gate)
            {
                ObjectDisposedException.ThrowIf(_closed, this);
                return file.Cache.Read(target, offset);
            }
        }

        public void Write(ReadOnlySpan<byte> octets, long offset)
        {
            lock (disk._gate)
            {
                var fault = disk.Next();
                if (fault is not null)
                {
                    // A failing write may have done a part of its work.
                    var part = disk._fates.Next(octets.Length + 1);
                    if (fault == DiskFault.Failed && part > 0) file.Write(offset, octets[..part]);
                    throw new DiskException(fault.Value, $"{path}: planted {fault} at operation {disk.Operations}");
                }

                disk.Claim(file, offset + octets.Length, path);
                file.Write(offset, octets);
            }
        }

        public bool Preallocate(long offset, long length)
        {
            lock (disk._gate)
            {
                disk.Perform(path);
                disk.Claim(file, offset + length, path);
                file.Extend(offset + length);
                return disk.Allocates;
            }
        }

        public void SyncData()
        {
            lock (disk._gate)
            {
                var fault = disk.Next();
                if (fault is null)
                {
                    file.Sync();
                    return;
                }

                file.FailSync(disk._fates);
                throw new DiskException(fault.Value, $"{path}: planted {fault} at operation {disk.Operations}");
            }
        }

        public void Dispose()
        {
            lock (disk._gate) _closed = true;
        }
    }
}
