using System.Net;
using MailBench.Model.Events;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;
using MailBench.Runs.Phases;
using MailBench.Runs.Sweep;
using MailBench.Runs.Testbed;
using MailBench.Runs.Testbed.Systems;

namespace MailBench.Runs.CrossCheck;

/// <summary>
/// A point that asks whether the instrument is right: the same system is loaded by MailBench's source and sink and by Postfix's smtp-source and smtp-sink, in turns that are drawn, each time started afresh on an
/// empty queue, with the same sessions, size and windows. One recipient a message, one domain, one MX host, no line: what smtp-source and smtp-sink can do.
/// </summary>
internal sealed class CrossCheckPhases(NodeProgram program, RunFolder folder, string queueRoot, string run, int seed, TestbedPorts ports, TimeProvider time)
{
    private static readonly IPAddress Host = new([127, 0, 6, 1]), Responder = new([127, 0, 6, 53]);

    /// <summary>Runs all pairs. A role's failure comes back in the record.</summary>
    public async Task<TrialRecord> RunAsync(TrialPlan trial, CancellationToken cancellationToken)
    {
        var settings = trial.Point.Settings;
        List<ToolRates> ours = [], theirs = [];
        RoleFailure? failure = null;
        try
        {
            var port = ports.Smtp != 0 ? ports.Smtp : PortPick.FreeOnAll([Host]);
            string[] zone = ["--listen", $"{Responder}:{ports.Dns}", "--generate", GeneratedZoneSpec.Format(settings.ToZone($"{Host}/32", Host.ToString()) with { Domains = 1, Mx = 1, PerDomain = 1 })];
            await using var dns = await NodeProcess.StartAsync(program, "dns", zone, 1, new RoleLog(Path.Combine(folder.Logs, "dns.log"), "dns of the cross-check"), null, time, cancellationToken);
            var turns = new Random(seed + trial.Repetition);
            for (var pair = 0; pair < settings.Integer("crossCheck.pairs"); pair++)
            {
                var first = turns.Next(2);
                foreach (var turn in new[] { first, 1 - first })
                    (turn == 0 ? ours : theirs).Add(await TurnAsync(trial, turn == 0, pair, dns.Listeners[0].EndPoint, new IPEndPoint(Host, port), cancellationToken));
            }
        }
        catch (RoleFailedException failed)
        {
            failure = failed.Failure;
        }

        return TrialPhases.Unmeasured(trial) with
        {
            Failure = failure,
            Findings = failure is null ? CrossCheckFindings.Of(ours, theirs) : [],
        };
    }

    /// <summary>A fresh system under one of the two loads; its rates over the window, by the tools' own counts.</summary>
    private async Task<ToolRates> TurnAsync(TrialPlan trial, bool isOurs, int pair, IPEndPoint dns, IPEndPoint host, CancellationToken cancellationToken)
    {
        var settings = trial.Point.Settings;
        var phases = settings.ToPhases();
        var token = $"{trial.Point.Number}-{trial.Repetition}-{pair}{(isOurs ? "a" : "b")}";
        var place = new SutPlace(Path.Combine(queueRoot, $"queue-{token}"), dns, host.Port, Path.Combine(folder.Work, $"mta-{token}.yaml"), Path.Combine(folder.Logs, $"attempts-{token}.log"));
        var log = new RoleLog(Path.Combine(folder.Logs, "mta.log"), $"{trial.Point.System.Name}, cross-check {token}");
        await using var sut = await MailSystems.StartAsync(trial.Point.System, program, settings, place, log, time, cancellationToken);
        await using ToolPair tools = isOurs
            ? await OwnPair.StartAsync(program, folder, settings, host, new TrialId(run, trial.Point.Number, trial.Repetition), time, cancellationToken)
            : PostfixPair.Start(settings, host);
        await tools.LoadAsync(sut.Door, cancellationToken);
        await LastAsync(phases.WarmUp);
        var (beginNs, begin) = (MonotonicClock.NowNs, await tools.CountAsync(cancellationToken));
        await LastAsync(phases.Steady);
        var (seconds, end) = ((MonotonicClock.NowNs - beginNs) / 1e9, await tools.CountAsync(cancellationToken));
        return new ToolRates((end.Accepted - begin.Accepted) / seconds, (end.Delivered - begin.Delivered) / seconds);

        async Task LastAsync(TimeSpan span)
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var pause = Task.Delay(span, time, over.Token);
            if (await Task.WhenAny(pause, sut.Failed, tools.Failed) is Task<RoleFailure> failed)
            {
                await over.CancelAsync();
                throw new RoleFailedException(await failed);
            }

            await pause;
        }
    }
}
