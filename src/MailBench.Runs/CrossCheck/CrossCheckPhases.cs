using System.Net;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
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
/// A point that asks whether the instrument is right: the same system is filled by MailBench's source or smtp-source, and then emptied into MailBench's sink or smtp-sink, in turns that are drawn, each time started afresh on
/// an empty queue, with the same sessions and messages. One recipient a message, one domain, one MX host, no line: what smtp-source and smtp-sink can do. The system holds its mail while it accepts: in a closed loop
/// acceptance and delivery take processors and disk from each other, and a small difference of pace may decide who gets them.
/// </summary>
internal sealed class CrossCheckPhases(NodeProgram program, RunFolder folder, string queueRoot, string run, int seed, TestbedPorts ports, TimeProvider time)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50), Stall = TimeSpan.FromSeconds(30), Settling = TimeSpan.FromSeconds(10);
    private static readonly IPAddress Host = new([127, 0, 6, 1]), Responder = new([127, 0, 6, 53]);

    /// <summary>Runs all rounds. A role's failure comes back in the record.</summary>
    public async Task<TrialRecord> RunAsync(TrialPlan trial, CancellationToken cancellationToken)
    {
        var settings = trial.Point.Settings;
        var rounds = new List<CrossCheckRound>();
        RoleFailure? failure = null;
        try
        {
            var port = ports.Smtp != 0 ? ports.Smtp : PortPick.FreeOnAll([Host]);
            string[] zone = ["--listen", $"{Responder}:{ports.Dns}", "--generate", GeneratedZoneSpec.Format(settings.ToZone($"{Host}/32", Host.ToString()) with { Domains = 1, Mx = 1, PerDomain = 1 })];
            await using var dns = await NodeProcess.StartAsync(program, "dns", zone, 1, new RoleLog(Path.Combine(folder.Logs, "dns.log"), "dns of the cross-check"), null, time, cancellationToken);
            var turns = new Random(seed + trial.Repetition);
            for (var round = 0; round < settings.Integer("crossCheck.rounds"); round++)
            {
                var results = new Dictionary<ToolChoice, TurnResult>();
                var order = ToolChoice.All.ToArray();
                turns.Shuffle(order);
                foreach (var choice in order) results[choice] = await TurnAsync(trial, choice, round, dns.Listeners[0].EndPoint, new IPEndPoint(Host, port), cancellationToken);
                rounds.Add(new CrossCheckRound(results));
            }
        }
        catch (RoleFailedException failed)
        {
            failure = failed.Failure;
        }

        return TrialPhases.Unmeasured(trial) with
        {
            Failure = failure,
            Findings = failure is null ? CrossCheckFindings.Of(rounds, trial.Point.Settings.Integer("crossCheck.messages")) : [],
        };
    }

    /// <summary>A fresh system that is filled by one end and then emptied into the other.</summary>
    private async Task<TurnResult> TurnAsync(TrialPlan trial, ToolChoice choice, int round, IPEndPoint dns, IPEndPoint host, CancellationToken cancellationToken)
    {
        var settings = trial.Point.Settings;
        var messages = settings.Integer("crossCheck.messages");
        var token = $"{trial.Point.Number}-{trial.Repetition}-{round}-{choice}";
        var place = new SutPlace(Path.Combine(queueRoot, $"queue-{token}"), dns, host.Port, Path.Combine(folder.Work, $"mta-{token}.yaml"), Path.Combine(folder.Logs, $"attempts-{token}.log"));
        var log = new RoleLog(Path.Combine(folder.Logs, "mta.log"), $"{trial.Point.System.Name}, cross-check {token}");
        await using var sut = await MailSystems.StartHoldingAsync(trial.Point.System, settings, place, log, time, cancellationToken);
        var ends = new CountingEnds(program, folder, settings, host, new TrialId(run, trial.Point.Number, trial.Repetition), time);
        double accepted, sent, held;
        var cpuNs = new List<double> { await CpuNsAsync() };
        await using (var source = await ends.SourceAsync(choice.Source, sut.Door, cancellationToken))
        {
            accepted = await CountedAsync(source, sut, messages, $"accepted from the source of {choice}", cancellationToken);
            held = await SettledAsync(sut, queued => queued >= messages, cancellationToken);
            sent = await source.CountAsync(cancellationToken);
            cpuNs.Add(await CpuNsAsync());
        }

        await using var sink = await ends.SinkAsync(choice.OurSink, cancellationToken);
        cpuNs.Add(await CpuNsAsync());
        await sut.ReleaseAsync(cancellationToken);
        var delivered = await CountedAsync(sink, sut, messages, $"delivered to the sink of {choice}", cancellationToken);
        await SettledAsync(sut, queued => queued == 0, cancellationToken);
        cpuNs.Add(await CpuNsAsync());
        return new TurnResult(accepted, delivered, (cpuNs[1] - cpuNs[0]) / 1e6 / messages, (cpuNs[3] - cpuNs[2]) / 1e6 / messages, (long)sent, (long)held, (long)await sink.CountAsync(cancellationToken));

        async Task<double> CpuNsAsync() => (await sut.SnapshotAsync(cancellationToken))[CounterNames.CpuNs];
    }

    /// <summary>Watches an end until it has counted all messages; how fast it did. Throws <see cref="RoleFailedException"/> when somebody fails or nothing happens any more.</summary>
    private async Task<double> CountedAsync(ICountingEnd end, ForeignMta sut, long messages, string what, CancellationToken cancellationToken)
    {
        var rate = new MiddleRate(messages);
        var (seen, seenNs) = (-1.0, MonotonicClock.NowNs);
        while (true)
        {
            var count = await end.CountAsync(cancellationToken);
            var nowNs = MonotonicClock.NowNs;
            rate.Saw(nowNs, count);
            if (count >= messages) return rate.PerSecond ?? throw Refused($"{messages} messages were {what} too fast to be timed: raise crossCheck.messages");
            if (count > seen) (seen, seenNs) = (count, nowNs);
            else if (nowNs - seenNs > Stall.ToNs()) throw Refused($"{count:0} of {messages} messages were {what}, then none for {Stall.TotalSeconds:0} s");
            await Task.Delay(Look, time, cancellationToken);
            foreach (var failed in new[] { sut.Failed, end.Failed })
                if (failed.IsCompleted) throw new RoleFailedException(await failed);
        }

        RoleFailedException Refused(string reason) => new(new RoleFailure("cross-check", reason, sut.LastWords));
    }

    /// <summary>The messages in the system's own queue when it is as expected, or after a while in which it did not become so.</summary>
    private async Task<double> SettledAsync(ForeignMta sut, Func<double, bool> isSettled, CancellationToken cancellationToken)
    {
        for (var beginNs = MonotonicClock.NowNs; ;)
        {
            var queued = (await sut.SnapshotAsync(cancellationToken))[CounterNames.Queued];
            if (isSettled(queued) || MonotonicClock.NowNs - beginNs > Settling.ToNs()) return queued;
            await Task.Delay(Look, time, cancellationToken);
        }
    }
}
