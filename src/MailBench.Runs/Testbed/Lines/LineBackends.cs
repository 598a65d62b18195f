using System.ComponentModel;
using System.Diagnostics;
using MailBench.Model.Nodes;
using MailBench.Model.Profiles;
using MailBench.Runs.Sweep;

namespace MailBench.Runs.Testbed.Lines;

/// <summary>What shapes the lines of a run: chosen once, before anything starts, and told in the report.</summary>
public static class LineBackends
{
    public const string UserSpace = "userspace";
    public const string Kernel = "kernel";

    /// <summary>Users dial the server itself: nothing stands between, and no octets are counted.</summary>
    public const string None = "none";
    private const string Setting = "line.backend";

    /// <summary>
    /// The plan with its backend. <c>kernel</c> where it cannot be had is refused (<see cref="NodeRefusedException"/>, with the reason and what to do); <c>auto</c> falls back to user space and says why.
    /// </summary>
    public static RunPlan Choose(RunPlan plan) => Choose(plan, Missing);

    /// <summary>The same, with <paramref name="missing"/> to say why this machine has no kernel lines. Pure.</summary>
    internal static RunPlan Choose(RunPlan plan, Func<string?> missing)
    {
        var wanted = plan.Profile.Settings.Text(Setting);
        if (wanted == UserSpace) return plan;
        if (wanted == None) return plan with { LineBackend = None };
        // Users are spread over loopback addresses, which no virtual cable carries.
        var reason = plan.Points.Any(point => point.Settings.HasUsers()) ? "users who poll are spread over loopback addresses, which only the user-space line carries." : missing();
        if (reason is null) return plan with { LineBackend = Kernel };
        if (wanted == Kernel) throw new NodeRefusedException($"line.backend kernel: {reason} Or: --set line.backend=auto, which takes the user-space line then.");
        return plan with { LineNote = $"line.backend auto took the user-space line: {reason}" };
    }

    /// <summary>A sentence that says why no kernel line can be made here, or null: one is made and thrown away.</summary>
    internal static string? Missing()
    {
        const string needed = "Kernel lines are network namespaces, veth and tc's tbf, which need Linux and root (CAP_SYS_ADMIN, CAP_NET_ADMIN) and iproute2";
        if (!OperatingSystem.IsLinux()) return $"{needed}; this is another system.";
        const string trial = "ip link add mbl0 type veth peer name mbl1 && tc qdisc add dev mbl0 root tbf rate 1mbit burst 4096b limit 65536b";
        try
        {
            using var process = Process.Start(new ProcessStartInfo("unshare", ["--net", "--", "/bin/sh", "-c", trial]) { RedirectStandardError = true, RedirectStandardInput = true, Environment = { ["PATH"] = KernelTools.Path, ["LC_ALL"] = "C" } })!;
            process.StandardInput.Close();
            var said = process.StandardError.ReadToEnd().ReplaceLineEndings(" ").Trim();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : $"{needed}: {(said.Length > 0 ? said : $"a trial ended with code {process.ExitCode}")}.";
        }
        catch (Win32Exception)
        {
            return $"{needed}, and util-linux's unshare, which is not installed (apt-get install util-linux iproute2).";
        }
    }
}
