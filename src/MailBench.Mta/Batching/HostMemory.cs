using System.Diagnostics.CodeAnalysis;

namespace MailBench.Mta.Batching;

/// <summary>
/// Hosts that could not be reached of late, so that not every queued recipient pays for a connect time-out. A host is skipped for a time that doubles with each failure up
/// to a bound; then the next that wants it tries it for all. A success forgets everything. Pure; forgotten entries are dropped as new ones come.
/// </summary>
public sealed class HostMemory(long firstNs, long maxNs)
{
    /// <summary>A failure is remembered for so many times the longest absence after its end: longer than a dial takes that finds out whether the host is back.</summary>
    private const int Remembered = 24;
    private readonly Dictionary<string, Dead> _hosts = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, long> _forget = new();

    /// <summary>Hosts remembered, those that may be tried again included.</summary>
    public int Count => _hosts.Count;

    /// <summary>True while the host is to be skipped; then <paramref name="fault"/> is its last failure.</summary>
    public bool IsDead(string host, long nowNs, [NotNullWhen(true)] out HostFault? fault)
    {
        fault = null;
        if (_hosts.Count == 0 || !_hosts.TryGetValue(host, out var dead) || nowNs >= dead.UntilNs) return false;
        fault = dead.Fault;
        return true;
    }

    /// <summary>Until when the host is skipped; 0 when it is not known.</summary>
    public long DeadUntilNs(string host) => _hosts.TryGetValue(host, out var dead) ? dead.UntilNs : 0;

    /// <summary>Notes a failure. Failures of attempts that began before the host was known to be dead do not lengthen its absence.</summary>
    public void Failed(HostFault fault, long nowNs)
    {
        Forget(nowNs);
        if (_hosts.TryGetValue(fault.Host, out var known))
        {
            if (nowNs < known.UntilNs) return;
            known.Failures++;
        }
        else
        {
            _hosts[fault.Host] = known = new Dead { Failures = 1, Fault = fault };
        }

        known.Fault = fault;
        known.UntilNs = nowNs + Math.Min(maxNs, known.Failures > 40 ? maxNs : firstNs << Math.Min(known.Failures - 1, 20));
        _forget.Enqueue(fault.Host, known.UntilNs + (Remembered * maxNs));
    }

    public void Succeeded(string host)
    {
        if (_hosts.Count > 0) _hosts.Remove(host);
    }

    private void Forget(long nowNs)
    {
        while (_forget.TryPeek(out var host, out var atNs) && atNs <= nowNs)
        {
            _forget.Dequeue();
            if (_hosts.TryGetValue(host, out var dead) && dead.UntilNs + (Remembered * maxNs) <= nowNs) _hosts.Remove(host);
        }
    }

    private sealed class Dead
    {
        public required HostFault Fault { get; set; }
        public long UntilNs { get; set; }
        public int Failures { get; set; }
    }
}
