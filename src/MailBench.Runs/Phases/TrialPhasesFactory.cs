using System.Net;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Runs.CrossCheck;
using MailBench.Runs.Probes;
using MailBench.Runs.Records;
using MailBench.Runs.Sweep;
using MailBench.Runs.Testbed;
using MailBench.Runs.Testbed.Systems;

namespace MailBench.Runs.Phases;

/// <summary>Gives each trial its phases: the same testbed, a SUT and a queue of its own.</summary>
internal sealed class TrialPhasesFactory(Bench bench, Observer observer, RunFolder folder, NodeProgram program, RunRecord record, RunScratch scratch, TestbedPorts ports, TimeProvider time)
{
    public TrialPhases Create() => new(bench, StartSutAsync, observer, folder, record.Run);

    /// <summary>The same for a point about users who poll.</summary>
    public UsersPhases CreateUsers() => new(bench, StartMailboxAsync, observer, folder, record.Run);

    /// <summary>The same for a point that asks the system what it does.</summary>
    public ProbePhases CreateProbes(TrialPlan trial) => new(program, folder, scratch.Of(MarkOf(trial)), ports, time);

    /// <summary>The same for a point that holds two instruments against each other.</summary>
    public CrossCheckPhases CreateCrossCheck(TrialPlan trial) => new(program, folder, scratch.Of(MarkOf(trial)), record.Run, trial.Point.Settings.Integer("seed"), ports, time);

    private async Task<ISystemUnderTest> StartMailboxAsync(PointPlan point, TrialMark mark, CancellationToken cancellationToken)
    {
        var log = new RoleLog(Path.Combine(folder.Logs, "mailbox.log"), $"{point.System.Name}, point {mark.Point}, repetition {mark.Repetition}");
        switch (point.System.Kind)
        {
            case SystemKind.Mailbench:
                return await StartOwnAsync(point, mark, log, cancellationToken);
            case SystemKind.External:
                log.Dispose();
                return await ExternalServer.ReachAsync(point.System, "mailbox", cancellationToken);
            default:
                var place = PlaceOf(mark);
                return await ForeignMailbox.StartAsync(MailSystems.MailboxOf(point.System), point.System, point.Settings, bench.MailboxSide, place.QueueRoot, place.AttemptLogPath, log, time, cancellationToken);
        }
    }

    /// <summary>MailBench's own mailbox server, with the MTA core before it where mail comes through that.</summary>
    private async Task<ISystemUnderTest> StartOwnAsync(PointPlan point, TrialMark mark, RoleLog log, CancellationToken cancellationToken)
    {
        var store = Path.Combine(Directory.CreateDirectory(scratch.Of(mark)).FullName, "mail");
        if (point.Settings.Text("users.delivery") == "direct") return await OwnMailbox.StartAsync(program, point.Settings, bench.MailboxSide, new IPEndPoint(IPAddress.Loopback, 0), store, log, time, cancellationToken);
        var mailbox = await OwnMailbox.StartAsync(program, point.Settings, bench.MailboxSide, bench.MailSide, store, log, time, cancellationToken);
        try
        {
            var mtaLog = new RoleLog(Path.Combine(folder.Logs, "mta.log"), $"mta beside the mailboxes, point {mark.Point}, repetition {mark.Repetition}");
            return new AllInOne(await OwnCore.StartAsync(program, point.Settings, PlaceOf(mark), mtaLog, time, cancellationToken), mailbox);
        }
        catch
        {
            await mailbox.DisposeAsync();
            throw;
        }
    }

    private async Task<ISystemUnderTest> StartSutAsync(PointPlan point, TrialMark mark, CancellationToken cancellationToken)
    {
        var place = PlaceOf(mark);
        var log = new RoleLog(Path.Combine(folder.Logs, "mta.log"), $"{point.System.Name}, point {mark.Point}, repetition {mark.Repetition}");
        return await MailSystems.StartAsync(point.System, program, point.Settings, place, log, time, cancellationToken);
    }

    private static TrialMark MarkOf(TrialPlan trial) => new(trial.Point.Number, trial.Repetition);

    private SutPlace PlaceOf(TrialMark mark)
    {
        var token = $"{mark.Point}-{mark.Repetition}";
        return new SutPlace(
            Path.Combine(scratch.Of(mark), "queue"), bench.Resolver, bench.SmtpPort, Path.Combine(folder.Work, $"mta-{token}.yaml"), Path.Combine(folder.Logs, $"attempts-{token}.log"));
    }
}
