namespace MailBench.Testing.Disk;

/// <summary>Octets that grow, with zeros in holes.</summary>
internal sealed class FakeBlocks
{
    private byte[] _octets = [];

    public long Length { get; private set; }

    public byte[] ToArray() => _octets[..(int)Length];

    public void Extend(long length)
    {
        if (length <= Length) return;
        if (length > _octets.Length) Array.Resize(ref _octets, (int)Math.Max(length, 2L * _octets.Length));
        Length = length;
    }

    public void Write(long offset, ReadOnlySpan<byte> octets)
    {
        Extend(offset + octets.Length);
        octets.CopyTo(_octets.AsSpan((int)offset));
    }

    public bool Has(long offset, ReadOnlySpan<byte> octets) => offset + octets.Length <= Length && _octets.AsSpan((int)offset, octets.Length).SequenceEqual(octets);

    public int Read(Span<byte> target, long offset)
    {
        var length = (int)Math.Clamp(Length - offset, 0, target.Length);
        if (length > 0) _octets.AsSpan((int)offset, length).CopyTo(target);
        return length;
    }
}

/// <summary>A file: what readers see, what is durable, and the writes between.</summary>
internal sealed class FakeInode
{
    private readonly List<(long Offset, byte[] Octets)> _unsynced = [];
    private readonly FakeBlocks _durable = new();

    public FakeBlocks Cache { get; } = new();

    public void Write(long offset, ReadOnlySpan<byte> octets)
    {
        Cache.Write(offset, octets);
        _unsynced.Add((offset, octets.ToArray()));
    }

    public void Extend(long length)
    {
        Cache.Extend(length);
        _unsynced.Add((length, []));
    }

    public void Sync()
    {
        foreach (var (offset, octets) in _unsynced) _durable.Write(offset, octets);
        _unsynced.Clear();
    }

    public void FailSync(Random random)
    {
        foreach (var write in _unsynced) KeepSome(write, _durable, random);
        _unsynced.Clear();
    }

    public void Damage(long offset, ReadOnlySpan<byte> octets)
    {
        Cache.Write(offset, octets);
        _durable.Write(offset, octets);
    }

    public FakeInode Survive(Random random)
    {
        var survivor = new FakeInode();
        survivor._durable.Write(0, _durable.ToArray());
        foreach (var write in _unsynced) KeepSome(write, survivor._durable, random);
        survivor.Cache.Write(0, survivor._durable.ToArray());
        return survivor;
    }

    /// <summary>Lost, kept, or by sector one or the other.</summary>
    private static void KeepSome((long Offset, byte[] Octets) write, FakeBlocks target, Random random)
    {
        var fate = random.Next(3);
        if (fate == 0) return;
        if (write.Octets.Length == 0) target.Extend(write.Offset);
        for (var at = 0; at < write.Octets.Length;)
        {
            var length = (int)Math.Min(write.Octets.Length - at, FakeDisk.SectorBytes - ((write.Offset + at) % FakeDisk.SectorBytes));
            // A sector that says what is there already is no question.
            var sector = write.Octets.AsSpan(at, length);
            if (fate == 1 || (!target.Has(write.Offset + at, sector) && random.Next(2) == 0)) target.Write(write.Offset + at, sector);
            at += length;
        }
    }
}

/// <summary>A directory: the names that readers see, those that are durable, and the changes between.</summary>
internal sealed class FakeDirectory
{
    private readonly Dictionary<string, FakeInode> _durable = [];
    private readonly List<(string Name, FakeInode? File, string? OldName)> _unsynced = [];

    public Dictionary<string, FakeInode> Names { get; } = [];

    public void Create(string name, FakeInode file)
    {
        Names.Add(name, file);
        _unsynced.Add((name, file, null));
    }

    public void Delete(string name)
    {
        Names.Remove(name);
        _unsynced.Add((name, null, null));
    }

    /// <summary>Atomic, as POSIX has it: after a power cut the file has the one name or the other.</summary>
    public void Rename(string name, string newName)
    {
        var file = Names[name];
        Names.Remove(name);
        Names[newName] = file;
        _unsynced.Add((newName, file, name));
    }

    public void Sync()
    {
        foreach (var change in _unsynced) Apply(change, _durable);
        _unsynced.Clear();
    }

    public FakeDirectory Survive(Random random)
    {
        var names = new Dictionary<string, FakeInode>(_durable);
        foreach (var change in _unsynced)
            if (random.Next(2) == 0)
                Apply(change, names);
        var survivor = new FakeDirectory();
        foreach (var (name, file) in names)
        {
            var kept = file.Survive(random);
            survivor.Names.Add(name, kept);
            survivor._durable.Add(name, kept);
        }

        return survivor;
    }

    private static void Apply((string Name, FakeInode? File, string? OldName) change, Dictionary<string, FakeInode> names)
    {
        if (change.OldName is not null) names.Remove(change.OldName);
        if (change.File is null) names.Remove(change.Name);
        else names[change.Name] = change.File;
    }
}
