using System.Globalization;
using MailBench.Model.Units;
using MailBench.Runs.Testbed.Lines;
using MailBench.Runs.Testbed.Systems;

namespace MailBench.Runs.Disclosure;

/// <summary>One thing that a machine can or cannot do. <paramref name="Get"/>: the command that gets what is missing, where there is one.</summary>
public sealed record MachineFinding(string Topic, string Name, bool IsThere, string Says, string? Get = null);

/// <summary>What this machine offers a run: the answers of <c>mailbench doctor</c>. It looks, and changes nothing but for a probe file that it removes.</summary>
public static class MachineCheck
{
    private static readonly TimeSpan Probe = TimeSpan.FromSeconds(0.3);
    private const long GoodOpenFiles = 20_000;

    /// <summary>Programs that stand in for roles, or that tests and cross-checks talk to.</summary>
    private static readonly (string Program, string Package, string Use)[] Peers =
    [
        ("smtp-source", "postfix", "an independent injector"), ("smtp-sink", "postfix", "an independent sink"), ("swaks", "swaks", "an independent client, for tests"), ("unbound", "unbound", "the caching resolver of dns.resolver"), ("dig", "dnsutils", "an independent resolver, for tests"),
        ("strace", "strace", "the order of syncs and replies, for tests"), ("tshark", "tshark", "octets on the wire, for tests"),
    ];

    /// <summary>Everything, by topic. <paramref name="directory"/>: where runs would be written.</summary>
    public static IReadOnlyList<MachineFinding> Look(string directory) => [.. Machine(), .. Privileges(), .. Limits(), .. Storage(directory), .. Mtas(), .. PeersHere()];

    private static IEnumerable<MachineFinding> Machine()
    {
        var machine = MachineProbe.Read();
        yield return new("machine", "system", true, $"{machine.Os}, kernel {machine.Kernel}, {machine.Runtime}");
        yield return new("machine", "processors", machine.CpuCount >= 2, $"{machine.CpuCount} × {machine.CpuModel}, {new ByteSize(machine.MemoryBytes >> 20 << 20)} of memory{(machine.CpuCount < 2 ? "; the roles of a run share one processor" : "")}");
    }

    private static IEnumerable<MachineFinding> Privileges()
    {
        var missing = MailSystems.NoEnclosure();
        yield return new("privileges", "foreign MTAs", missing is null, missing ?? "private PID, mount and network namespaces can be made");
        yield return new("privileges", "user-space line", true, "needs no privilege");
        var lacking = LineBackends.Missing();
        yield return new("privileges", "kernel line", lacking is null, lacking ?? "virtual cables and tc's token bucket can be made (line.backend: kernel)");
    }

    private static IEnumerable<MachineFinding> Limits()
    {
        var files = MachineProbe.OpenFilesLimit();
        yield return new("limits", "open files", files >= GoodOpenFiles, string.Create(CultureInfo.InvariantCulture, $"{files:#,0} in a process{(files < GoodOpenFiles ? "; thousands of users need more" : "")}"), files < GoodOpenFiles ? $"ulimit -n {GoodOpenFiles}" : null);
        if (MachineProbe.Read().PortRange is { } ports) yield return new("limits", "local ports", true, $"{ports} for each pair of addresses");
    }

    private static IEnumerable<MachineFinding> Storage(string directory)
    {
        string? refused = null;
        double syncs = 0;
        try
        {
            syncs = SyncProbe.Measure(directory, Probe);
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            refused = unwritable.Message;
        }

        if (refused is not null)
        {
            yield return new("storage", "here", false, refused);
            yield break;
        }

        var storage = StorageProbe.Read("mta", directory, syncs);
        string[] doubts = [.. new[] { (storage.MemoryBacked, "in memory: not durable"), (storage.ImplausiblyFast, "implausibly fast: a cache acknowledges"), (storage.Striped == true, "striped") }.Where(doubt => doubt.Item1).Select(doubt => doubt.Item2)];
        var name = storage.Device is { } device ? $"{storage.FileSystem} on {device}" : storage.FileSystem ?? "unknown";
        yield return new("storage", "here", doubts.Length == 0, string.Create(CultureInfo.InvariantCulture, $"{name}, {syncs:#,0} syncs/s of one writer{(doubts.Length == 0 ? "" : "; " + string.Join(", ", doubts))}"));
    }

    private static IEnumerable<MachineFinding> Mtas()
    {
        foreach (var (kind, found, missing) in MailSystems.Here())
        {
            var name = Kebab.Format(kind);
            yield return found is var (version, root) && missing is null
                ? new("foreign MTAs", name, true, root == MtaRoots.Machine ? version : $"{version} in {root}")
                : new("foreign MTAs", name, false, missing ?? "not found", found is null ? $"mailbench doctor --unpack {name}" : null);
        }
    }

    private static IEnumerable<MachineFinding> PeersHere()
    {
        string[] places = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries), "/usr/sbin", "/sbin"];
        foreach (var (program, package, use) in Peers)
        {
            var isThere = places.Any(place => File.Exists(Path.Combine(place, program)));
            yield return new("peers", program, isThere, use, isThere ? null : $"apt-get install {package}");
        }
    }
}
