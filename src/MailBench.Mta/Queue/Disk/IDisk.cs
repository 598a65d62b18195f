namespace MailBench.Mta.Queue.Disk;

/// <summary>What a disk answered instead of doing its work.</summary>
public enum DiskFault
{
    /// <summary>No space or quota left (ENOSPC, EDQUOT).</summary>
    Full,

    /// <summary>Mounted read-only, or no permission (EROFS, EACCES, EPERM).</summary>
    ReadOnly,

    /// <summary>Anything else, EIO first of all.</summary>
    Failed,
}

/// <summary>A disk operation failed; the message names the file.</summary>
public sealed class DiskException(DiskFault fault, string message, Exception? inner = null) : IOException(message, inner)
{
    public DiskFault Fault { get; } = fault;
}

/// <summary>
/// The disk as the queue uses it; a seam, so that tests can cut the power between any two operations. Everything throws <see cref="DiskException"/>. What is written becomes
/// durable only by <see cref="IDiskFile.SyncData"/>, what is created, renamed or deleted only by <see cref="SyncDirectory"/>.
/// </summary>
public interface IDisk
{
    /// <summary>Creates the directory and its missing parents (0700), each synced into its parent; nothing when it is there.</summary>
    void CreateDirectory(string directory);

    /// <summary>Equal for directories whose syncs compete with each other: the device number.</summary>
    ulong DeviceOf(string directory);

    /// <summary>Takes the directory for this process until disposed; throws <see cref="Model.Nodes.NodeRefusedException"/> with the holder's process id when it is taken.</summary>
    IDisposable Lock(string directory);

    /// <summary>Names (not paths) of the files in the directory, in any order.</summary>
    IReadOnlyList<string> List(string directory);

    /// <summary>Creates a file (0600) that must not exist, for reading and writing.</summary>
    IDiskFile Create(string path);

    /// <summary>Opens an existing file; throws <see cref="FileNotFoundException"/> when it is gone.</summary>
    IDiskFile Open(string path, bool writable);

    void Delete(string path);

    /// <summary>Gives a file another name in its directory, at once: whatever had that name is gone.</summary>
    void Rename(string path, string newPath);

    void SyncDirectory(string directory);
}

/// <summary>An open file, read and written at offsets. Reading is safe from any thread; all else belongs to one thread.</summary>
public interface IDiskFile : IDisposable
{
    long Length { get; }

    /// <summary>Octets read; fewer than asked only at the end of the file. Throws <see cref="ObjectDisposedException"/> after disposal.</summary>
    int Read(Span<byte> target, long offset);

    /// <summary>Writes all octets or throws.</summary>
    void Write(ReadOnlySpan<byte> octets, long offset);

    /// <summary>
    /// Allocates blocks for the range behind the file's end, so that a full disk shows here and not in a later write; they read as zeros. False where the system cannot:
    /// then the caller writes the zeros.
    /// </summary>
    bool Preallocate(long offset, long length);

    /// <summary>Returns when everything written, and the size, is on stable storage (fdatasync).</summary>
    void SyncData();
}
