using System.Net;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Runs.Disclosure;
using MailBench.Runs.Sweep;
using MailBench.Runs.Testbed;
using MailBench.Runs.Testbed.Lines;

namespace MailBench.Runs;

/// <summary>What would make a run fail is found before anything starts. All throw <see cref="NodeRefusedException"/> with what to do.</summary>
public static class Preflight
{
    /// <summary>A second of saturated delivery writes a few megabytes of events and queue.</summary>
    private const long MinFreeBytes = 512L << 20;
    private const long FreeBytesPerTrialSecond = 4L << 20;

    public static void Check(RunPlan plan, RunFolder folder)
    {
        CheckWritable(folder.Root);
        CheckSpace(plan, folder.Root);
        if (plan.Profile.Settings.Find("mta.queuePath") is { } queuePath)
        {
            CheckWritable(queuePath);
            CheckSpace(plan, queuePath);
        }

        CheckOpenFiles(plan);
        CheckAddresses(plan);
    }

    /// <summary>What the system lets the users of a run do, a sentence for the point that asks most of it; null: no point has users.</summary>
    public static string? UsersLimits(RunPlan plan)
    {
        var polls = plan.Points.Where(point => point.Settings.HasUsers()).Select(point => point.Settings.ToPolls(new IPEndPoint(IPAddress.Loopback, 1))).MaxBy(options => options.Users / options.Interval.TotalSeconds);
        return polls is null ? null : PollLimits.Compute(polls, MachineProbe.OpenFilesLimit(), Ports()).Describe(polls);
    }

    private static int Ports() => PollLimits.PortsOf(MachineProbe.Read().PortRange);

    private static void CheckWritable(string directory)
    {
        try
        {
            var made = !Directory.Exists(directory);
            Directory.CreateDirectory(directory);
            // A name of its own, never an existing file: the directory may be one that others write to, /tmp say.
            using (new FileStream(Path.Combine(directory, $".write-probe-{Guid.NewGuid():n}"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
            {
            }

            if (made) Directory.Delete(directory);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new NodeRefusedException($"{directory} cannot be written: {refused.Message} Give another place with --out DIR.", refused);
        }
    }

    private static void CheckSpace(RunPlan plan, string directory)
    {
        var seconds = plan.Trials.Sum(trial => RunEstimate.Of(trial).TotalSeconds);
        var needed = Math.Max(MinFreeBytes, (long)(seconds * FreeBytesPerTrialSecond));
        var existing = Path.GetFullPath(directory);
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } above) existing = above;
        var free = new DriveInfo(existing).AvailableFreeSpace;
        if (free < needed)
            throw new NodeRefusedException($"{existing} has {free >> 20:#,0} MiB free; this run may write {needed >> 20:#,0} MiB. Make room, or give another place with --out DIR.");
    }

    private static void CheckOpenFiles(RunPlan plan)
    {
        var limit = MachineProbe.OpenFilesLimit();
        foreach (var point in plan.Points)
        {
            var load = point.Settings.ToLoad(new Model.Units.Rate(1));
            var sessionsIn = load.Model == LoadModel.Closed ? load.Stages.Max(stage => stage.Users) : load.Sessions;
            // The line holds two sockets a session, the MTA both sides.
            if (point.Settings.HasUsers())
            {
                // Polls beyond what the fullest process can hold would fail for the testbed's own fault.
                var hasLine = point.Settings.Text("line.backend") != LineBackends.None;
                var users = PollLimits.FilesPerSession(hasLine) * point.Settings.UserSessions() + PollLimits.OtherFiles;
                if (users > limit) throw new NodeRefusedException($"point {point.Number} may need {users:#,0} open files in one process when {point.Settings.UserSessions():#,0} users are connected at once; the limit is {limit:#,0}. Raise it (as root: prlimit --pid $$ --nofile={users}; for good: /etc/security/limits.conf), or lower users.sessions or users.count.");

                // Users have many addresses, but the line reaches the server from one.
                if (hasLine && point.Settings.UserSessions() > Ports())
                    throw new NodeRefusedException($"point {point.Number} may hold {point.Settings.UserSessions():#,0} sessions, and the line has {Ports():#,0} ports for them. Raise that (as root: sysctl -w net.ipv4.ip_local_port_range='1024 65535'), or lower users.sessions or users.count.");
                continue;
            }

            var needed = Math.Max(sessionsIn + point.Settings.Integer("mta.sessionsOut"), 2 * point.Settings.Integer("mta.sessionsOut")) + PollLimits.OtherFiles;
            if (needed > limit)
                throw new NodeRefusedException($"point {point.Number} needs up to {needed:#,0} open files in one process; the limit is {limit:#,0}. Raise it (ulimit -n {needed}), or lower load.sessions, load.users or mta.sessionsOut.");
        }
    }

    private static void CheckAddresses(RunPlan plan)
    {
        var hosts = plan.Points.Max(point => point.Settings.Integer("dns.mx"));
        try
        {
            PortPick.FreeOnAll([.. Bench.Addresses(hosts)]);
        }
        catch (RoleFailedException refused)
        {
            throw new NodeRefusedException(refused.Failure.Reason, refused);
        }
    }
}
