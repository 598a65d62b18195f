using System.ComponentModel;
using System.Diagnostics;
using MailBench.Model.Records;
using MailBench.Runs.Phases;
using MailBench.Runs.Sweep;
using MailBench.Runs.Testbed;

namespace MailBench.Runs.Probes;

/// <summary>
/// A point that asks instead of measuring: the system is started on a testbed of its own and probed from outside; then once more under a tracer, for one message, since a trace slows what it
/// watches and belongs into no other run. What it writes into its log is read when it has ended.
/// </summary>
internal sealed class ProbePhases(NodeProgram program, RunFolder folder, string queueRoot, TestbedPorts ports, TimeProvider time)
{
    private const string DurabilityQuestion = "order of sync and 250, in a trace of its own";
    private static readonly TimeSpan TraceEnd = TimeSpan.FromSeconds(10);

    public async Task<TrialRecord> RunAsync(TrialPlan trial, CancellationToken cancellationToken)
    {
        var findings = new List<ProbeFinding>();
        var features = Testbed.Systems.MailSystems.FeaturesOf(trial.Point.System, trial.Point.Settings);
        RoleFailure? failure = null;
        try
        {
            var token = $"{trial.Point.Number}-{trial.Repetition}";
            await using var bed = await ProbeBed.StartAsync(program, folder, ports, trial.Point.Settings.Text("dns.suffix"), time, cancellationToken);
            await using (var sut = await bed.StartSystemAsync(trial.Point, program, folder, queueRoot, token, [], cancellationToken))
            {
                features = sut.Features;
                await ProbeAsync(sut, bed, new FeatureClaims(features), findings, cancellationToken);
            }

            findings.AddRange(LogScore.Of(ReadLog(ProbeBed.LogOf(folder, token)), Planted(bed)));
            findings.Add(await TraceAsync(trial.Point, bed, token, new FeatureClaims(features), cancellationToken));
        }
        catch (RoleFailedException failed)
        {
            failure = failed.Failure;
        }
        catch (Exception broken) when (broken is IOException or System.Net.Sockets.SocketException || (broken is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            failure = new RoleFailure(trial.Point.System.Name, $"it left a dialogue or did not answer: {broken.Message}", []);
        }

        // A stable table: groups in the order of their first finding.
        var order = findings.Select(finding => finding.Group).Distinct().ToList();
        return TrialPhases.Unmeasured(trial) with
        {
            Failure = failure,
            Features = features,
            Findings = [.. findings.OrderBy(finding => order.IndexOf(finding.Group))],
        };
    }

    private static async Task ProbeAsync(ISystemUnderTest sut, ProbeBed bed, FeatureClaims claims, List<ProbeFinding> findings, CancellationToken cancellationToken)
    {
        var bounces = new BounceProbes(sut, bed, claims);
        var outward = new OutwardProbes(sut, bed, claims);
        // The resolver's questions first, while nothing else asks; then what takes its time to expire.
        findings.AddRange(await outward.AskResolverAsync(cancellationToken));
        await bounces.BeginAsync(cancellationToken);
        findings.AddRange(await outward.RunAsync(cancellationToken));
        findings.AddRange(await new DoorProbes(sut, claims, bed.Sender, $"door@a.{bed.Suffix}").RunAsync(cancellationToken));
        findings.AddRange(await bounces.EndAsync(cancellationToken));
        if (sut.Failed.IsCompletedSuccessfully) throw new RoleFailedException(await sut.Failed);
    }

    private static IReadOnlyList<PlantedFailure> Planted(ProbeBed bed)
    {
        (string, string[]) where = ("where", [ProbeBed.HostAddress(1), $"h1.{bed.Suffix}"]);
        return
        [
            new("a refused recipient", $"{BounceProbes.Refused}@a.{bed.Suffix}", [where, ("the code", ["550"]), ("the host's words", ["no such user here"])]),
            new("a deferred recipient", $"{BounceProbes.Later}@a.{bed.Suffix}", [where, ("the code", ["451"]), ("the host's words", ["not now"])]),
            new("a host that nobody answers at", $"{BounceProbes.Closed}.{bed.Suffix}", [("where", [ProbeBed.ClosedAddress, $"h5.{bed.Suffix}"]), ("that it was refused", ["refused"])]),
            new("a domain that does not exist", $"{BounceProbes.Nowhere}.{bed.Suffix}", [("that there is none", ["not found", "nxdomain", "not exist", "non-existent", "host unknown", "no such domain"])]),
        ];
    }

    /// <summary>The log, whole; a system that writes none has none.</summary>
    private static string[] ReadLog(string path) => File.Exists(path) ? File.ReadAllLines(path) : [];

    private async Task<ProbeFinding> TraceAsync(PointPlan point, ProbeBed bed, string token, FeatureClaims claims, CancellationToken cancellationToken)
    {
        if (await WhyNotTracedAsync(cancellationToken) is { } reason) return claims.NotShown("durability", DurabilityQuestion, reason);
        var trace = Path.Combine(folder.Work, $"trace-{token}");
        const string marker = "traced-by-the-probe";
        DoorReply reply;
        await using (var sut = await bed.StartSystemAsync(point, program, folder, queueRoot, $"{token}-traced", SyncTrace.Command(trace), cancellationToken))
        {
            var (dialogue, _) = await DoorDialogue.OpenAsync(sut.Door, cancellationToken);
            using var closing = dialogue;
            await dialogue.SayAsync("EHLO probe.invalid", cancellationToken);
            reply = await dialogue.SendAsync(bed.Sender, [$"traced@a.{bed.Suffix}"], $"Subject: {marker}\r\n\r\nprobe", "", cancellationToken);
        }

        if (!reply.IsPositive) return claims.NotShown("durability", DurabilityQuestion, $"under the tracer the message was refused: {reply.Text}");
        var order = SyncTrace.Follow(File.ReadLines(trace), marker);
        if (order.File is null || !order.Replied) return claims.NotShown("durability", DurabilityQuestion, order.File is null ? "no file was seen to be written with the message's content before its 250" : "no 250 was seen behind it");
        var seen = (order.FileSynced, order.DirectorySynced) switch
        {
            (true, true) => "file and directory synced before the 250",
            (true, false) => "file synced before the 250; a sync of its directory was not seen (one made earlier needs none)",
            _ => "not synced before the 250",
        };
        return claims.Against("durability", DurabilityQuestion, seen, declared => declared == "synced" == order.FileSynced);
    }

    private static async Task<string?> WhyNotTracedAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var trial = Process.Start(new ProcessStartInfo("strace", ["-o", "/dev/null", "true"]) { RedirectStandardError = true, RedirectStandardInput = true })!;
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(TraceEnd);
            var said = await trial.StandardError.ReadToEndAsync(patience.Token);
            await trial.WaitForExitAsync(patience.Token);
            return trial.ExitCode == 0 ? null : $"strace may not trace here: {said.Trim()}";
        }
        catch (Win32Exception)
        {
            return "strace is not installed (Debian: apt-get install strace)";
        }
    }
}
