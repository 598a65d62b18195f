namespace MailBench.Runs.Testbed;

/// <summary>A role's standard error: appended to <c>logs/ROLE.log</c> as it comes, the last lines kept for messages. Bounded: a role that chatters beyond 64 MiB is cut.</summary>
internal sealed class RoleLog : IDisposable
{
    private const int KeptLines = 20;
    private const long MaxBytes = 64L << 20;

    private readonly Queue<string> _last = new();
    private readonly StreamWriter _file;
    private readonly Lock _lock = new();
    private long _written;

    public RoleLog(string path, string heading)
    {
        _file = new StreamWriter(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        _file.WriteLine($"--- {heading}");
    }

    public IReadOnlyList<string> LastLines
    {
        get
        {
            lock (_lock) return [.. _last];
        }
    }

    public void Add(string line)
    {
        lock (_lock)
        {
            if (_last.Count == KeptLines) _last.Dequeue();
            _last.Enqueue(line);
            if (_written > MaxBytes) return;
            _written += line.Length + 1;
            _file.WriteLine(_written > MaxBytes ? "(the rest is not kept)" : line);
        }
    }

    public void Dispose()
    {
        lock (_lock) _file.Dispose();
    }
}
