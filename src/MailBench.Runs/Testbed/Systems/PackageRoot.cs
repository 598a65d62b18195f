using System.ComponentModel;
using System.Diagnostics;
using MailBench.Model.Nodes;
using MailBench.Model.Profiles;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>
/// A folder with one MTA and the libraries that it needs, unpacked from Debian's packages and not installed: MTA packages exclude each other, and installing one removes another. Nothing of the machine
/// changes, no service starts; the MTA is locked into the folder when it runs.
/// </summary>
public static class PackageRoot
{
    private const int MaxRounds = 12;
    private const int MaxPackages = 200;

    /// <summary>The MTA's own packages by kind; of their dependencies only libraries follow.</summary>
    private static readonly IReadOnlyDictionary<SystemKind, string[]> Seeds = new Dictionary<SystemKind, string[]>
    {
        [SystemKind.Postfix] = ["postfix"],
        [SystemKind.Exim] = ["exim4-daemon-light", "exim4-base"],
        [SystemKind.Opensmtpd] = ["opensmtpd"],
        [SystemKind.Dovecot] = ["dovecot-core", "dovecot-pop3d", "dovecot-imapd", "dovecot-lmtpd"],
        [SystemKind.Sendmail] = ["sendmail-bin", "sendmail-base", "sendmail-cf", "m4"],
    };

    /// <summary>The users that the packages would make when installed; numbers that a machine seldom gives.</summary>
    private static readonly (string Name, int Id)[] Users =
    [
        ("root", 0), ("daemon", 1), ("mail", 8), ("postfix", 29_901), ("postdrop", 29_902), ("Debian-exim", 29_903), ("opensmtpd", 29_904), ("opensmtpq", 29_905), ("smmta", 29_906), ("smmsp", 29_907), ("dovecot", 29_908), ("dovenull", 29_909), ("nobody", 65_534),
    ];

    /// <summary>
    /// Downloads and unpacks into a folder that is new or empty. <paramref name="say"/> hears what is done. Throws <see cref="NodeRefusedException"/> where the tools or packages are not to be had.
    /// </summary>
    public static void Unpack(SystemKind kind, string root, Action<string> say)
    {
        if (!Seeds.TryGetValue(kind, out var seeds)) throw new NodeRefusedException($"{kind} is not a foreign MTA that packages bring.");
        root = Path.GetFullPath(root);
        if (Directory.Exists(root) && Directory.EnumerateFileSystemEntries(root).Any()) throw new NodeRefusedException($"{root} holds something already; give a new or an empty folder, or remove it.");
        var packages = WithLibraries(seeds);
        say($"{string.Join(' ', packages)}");
        Directory.CreateDirectory(root);
        var downloads = Directory.CreateTempSubdirectory("mailbench-packages-").FullName;
        try
        {
            Run(downloads, "apt-get", ["download", .. packages]);
            foreach (var package in Directory.EnumerateFiles(downloads, "*.deb").Order(StringComparer.Ordinal)) Run(downloads, "dpkg-deb", ["--extract", package, root]);
        }
        finally
        {
            Directory.Delete(downloads, recursive: true);
        }

        Directory.CreateDirectory(root + "/etc");
        File.WriteAllLines(root + "/etc/passwd", Users.Select(user => $"{user.Name}:x:{user.Id}:{user.Id}::/nonexistent:/usr/sbin/nologin"));
        File.WriteAllLines(root + "/etc/services", ["smtp 25/tcp", "domain 53/tcp", "domain 53/udp"]);
        File.WriteAllLines(root + "/etc/group", Users.Select(user => $"{user.Name}:x:{user.Id}:"));
    }

    /// <summary>The first package of each "a | b | c" that <c>apt-cache depends</c> prints: all but the last are marked with a bar.</summary>
    internal static IReadOnlyList<string> FirstChoices(string depends)
    {
        var first = new List<string>();
        var goesOn = false;
        foreach (var line in depends.Split('\n'))
        {
            var words = line.Split(':', 2, StringSplitOptions.TrimEntries);
            if (words.Length != 2 || words[0].TrimStart('|') is not ("Depends" or "PreDepends"))
            {
                goesOn = false;
                continue;
            }

            if (!goesOn) first.Add(words[1].Split(':')[0]);
            goesOn = words[0].StartsWith('|');
        }

        return first;
    }

    private static IReadOnlyList<string> WithLibraries(string[] seeds)
    {
        var all = new SortedSet<string>(seeds, StringComparer.Ordinal);
        string[] asked = seeds;
        for (var round = 0; asked.Length > 0 && round < MaxRounds && all.Count < MaxPackages; round++)
        {
            var depends = Run("/", "apt-cache", ["depends", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances", .. asked]);
            // Libraries only: the rest is for installing (debconf, adduser) or for what a trial does not use. A name in angle brackets is no package.
            asked = [.. FirstChoices(depends).Where(name => (name.StartsWith("lib", StringComparison.Ordinal) || name == "zlib1g") && !name.StartsWith("libperl", StringComparison.Ordinal)).Distinct().Where(all.Add)];
        }

        return [.. all];
    }

    private static string Run(string directory, string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = directory, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment["LC_ALL"] = "C";
        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.Close();
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            process.WaitForExit();
            if (process.ExitCode == 0) return output.Result;
            var last = errors.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault(line => !line.StartsWith("W:", StringComparison.Ordinal)) ?? $"exit code {process.ExitCode}";
            throw new NodeRefusedException($"{program} {arguments[0]} failed: {last} (apt-get update may help)");
        }
        catch (Win32Exception refused)
        {
            throw new NodeRefusedException($"{program} cannot be started ({refused.Message}); unpacking takes Debian's tools: apt-cache, apt-get, dpkg-deb.", refused);
        }
    }
}
