using MailBench.Model.Profiles;
using MailBench.Model.Units;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>
/// Where a foreign MTA's files are: in the folder that the profile names, else on the machine itself, else in the folder that <c>doctor --unpack</c> fills. Packages of MTAs exclude each other, so that
/// at most one of them can be the machine's own.
/// </summary>
public static class MtaRoots
{
    /// <summary>The machine's own files.</summary>
    public const string Machine = "/";

    private const string Variable = "MAILBENCH_ROOTS";
    private const string Usual = "/var/lib/mailbench/roots";

    /// <summary>The folder that holds a root for each kind; <c>MAILBENCH_ROOTS</c> names another.</summary>
    public static string Directory => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? Path.GetFullPath(named) : Usual;

    /// <summary>Where an unpacked MTA of that kind is looked for.</summary>
    public static string UnpackedRootOf(SystemKind kind) => Path.Combine(Directory, Kebab.Format(kind));

    /// <summary>The root and the program in it, as the program itself would name its place; null when none of <paramref name="programs"/> is there.</summary>
    internal static (string Root, string Program)? Find(MailSystem system, params ReadOnlySpan<string> programs)
    {
        string[] roots = system.Root is { } named ? [Path.GetFullPath(named)] : [Machine, UnpackedRootOf(system.Kind)];
        foreach (var root in roots)
            foreach (var program in programs)
                if (File.Exists(Inside(root, program))) return (root, program);
        return null;
    }

    /// <summary>The path of a place within a root, as this side sees it.</summary>
    internal static string Inside(string root, string place) => root == Machine ? place : root + place;

    /// <summary>How to get one: of the machine, which is one MTA's only, or unpacked.</summary>
    internal static string HowToGet(MailSystem system, string packages) => system.Root is { } root
        ? $"is not in {root}. Unpack it there: mailbench doctor --unpack {Kebab.Format(system.Kind)} {root}"
        : $"is not installed. As MTA packages exclude each other, unpack it beside them: mailbench doctor --unpack {Kebab.Format(system.Kind)} (Debian packages: {packages}).";

    /// <summary>Makes the places over which private files are laid, and the usual empty directories of a system, where an unpacked root lacks them. Throws <see cref="IOException"/>.</summary>
    internal static void MakePlaces(string root, IEnumerable<BindMount> binds)
    {
        if (root == Machine) return;
        foreach (var directory in new[] { "/dev", "/proc", "/etc", "/run", "/var", "/tmp" }) System.IO.Directory.CreateDirectory(root + directory);
        if (!Path.Exists(root + "/var/run")) File.CreateSymbolicLink(root + "/var/run", "../run");
        foreach (var (ours, place) in binds)
        {
            var path = root + place;
            if (System.IO.Directory.Exists(ours)) System.IO.Directory.CreateDirectory(path);
            else if (!File.Exists(path))
            {
                System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                using var made = File.Create(path);
            }
        }
    }
}
