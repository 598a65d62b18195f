using System.Globalization;
using System.Runtime.InteropServices;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>Folders of a spool that belong to an MTA's own user and group.</summary>
internal static partial class Ownership
{
    /// <summary>Makes a folder, or takes one that is there, with owner, group (null: root; as <paramref name="root"/>'s tables number them) and mode. Throws <see cref="IOException"/>.</summary>
    public static void MakeFolder(string path, string? user, string? group, UnixFileMode mode, string root = MtaRoots.Machine)
    {
        Directory.CreateDirectory(path);
        if (chown(path, IdOf(MtaRoots.Inside(root, "/etc/passwd"), user), IdOf(MtaRoots.Inside(root, "/etc/group"), group)) != 0) throw new IOException($"{path} cannot be given to {user ?? "root"}: {Marshal.GetLastPInvokeErrorMessage()}");
        if (chmod(path, (uint)mode) != 0) throw new IOException($"the mode of {path} cannot be set: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Gives a folder and all that is in it to a user and group. Throws <see cref="IOException"/>.</summary>
    public static void GiveTree(string path, string user, string group, string root = MtaRoots.Machine)
    {
        var (owner, ownerGroup) = (IdOf(MtaRoots.Inside(root, "/etc/passwd"), user), IdOf(MtaRoots.Inside(root, "/etc/group"), group));
        foreach (var entry in Directory.EnumerateFileSystemEntries(path, "*", SearchOption.AllDirectories).Prepend(path))
            if (chown(entry, owner, ownerGroup) != 0) throw new IOException($"{entry} cannot be given to {user}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Whether <c>/etc/passwd</c> (or <c>/etc/group</c>) has a name.</summary>
    public static bool Knows(string table, string name) => File.Exists(table) && File.ReadLines(table).Any(line => line.StartsWith(name + ":", StringComparison.Ordinal));

    /// <summary>The third field of the name's line (passwd(5), group(5)); 0 for null.</summary>
    private static int IdOf(string table, string? name)
    {
        if (name is null) return 0;
        var line = File.ReadLines(table).FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.Ordinal)) ?? throw new IOException($"{table} has no '{name}'; is the MTA's package installed whole?");
        return int.Parse(line.Split(':')[2], CultureInfo.InvariantCulture);
    }

#pragma warning disable IDE1006, SYSLIB1054 // Reason: the names of the C library.
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chown(string path, int owner, int group);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chmod(string path, uint mode);
#pragma warning restore IDE1006, SYSLIB1054
}
