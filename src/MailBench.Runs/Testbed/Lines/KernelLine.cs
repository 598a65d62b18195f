using System.ComponentModel;
using System.Diagnostics;
using MailBench.Model.Nodes;
using MailBench.Model.Profiles;
using MailBench.Model.Units;

namespace MailBench.Runs.Testbed.Lines;

/// <summary>
/// A line of the kernel's own: the sink lives in a network namespace of its own, and two virtual cables (veth) lead there from the run's. One is shaped by a token bucket in each direction, the other
/// carries what no line shapes: the return path and the ceiling's probe. A line of limited capacity has no segmentation offload, so that its discipline sees the frames that a real cable would carry.
/// Nothing of it has a name outside its two namespaces, and these end with their last process: the far one's holder ends with its standard input, that is, with the runner, however that ends.
/// </summary>
internal sealed class KernelLine : IAsyncDisposable
{
    private const string NearEnd = "mbl0", FarEnd = "mbl1", NearOpen = "mbu0", FarOpen = "mbu1";
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    private readonly Process _holder;
    private readonly TokenBucket _forward;
    private readonly TokenBucket _reverse;

    private KernelLine(Process holder)
    {
        _holder = holder;
        FarNetwork = $"/proc/{holder.Id}/ns/net";
        (_forward, _reverse) = (new TokenBucket(null, NearEnd), new TokenBucket(FarNetwork, FarEnd));
    }

    /// <summary>The file that names the sink's network namespace.</summary>
    public string FarNetwork { get; }

    /// <summary>Makes namespace, cables, addresses and disciplines. Throws <see cref="RoleFailedException"/> with the tool's words.</summary>
    public static async Task<KernelLine> StartAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        var line = new KernelLine(await HoldAsync(time, cancellationToken));
        try
        {
            await line.ConnectAsync(cancellationToken);
            return line;
        }
        catch
        {
            await line.DisposeAsync();
            throw;
        }
    }

    /// <summary>The same program, started in the sink's network.</summary>
    public NodeProgram There(NodeProgram program) => new("nsenter", [$"--net={FarNetwork}", "--", program.Path, .. program.Prefix]);

    public Task SetCapacityAsync(LineCapacity capacity, ByteSize queue, CancellationToken cancellationToken) =>
        Task.WhenAll(_forward.SetAsync(capacity.Forward, queue, cancellationToken), _reverse.SetAsync(capacity.Reverse, queue, cancellationToken));

    /// <summary>Counters of the role <c>line</c>: measured, not estimated.</summary>
    public async Task<IReadOnlyDictionary<string, double>> SnapshotAsync(CancellationToken cancellationToken)
    {
        var before = MonotonicClock.NowNs;
        var counts = await Task.WhenAll(_forward.CountAsync(cancellationToken), _reverse.CountAsync(cancellationToken));
        return new Dictionary<string, double>
        {
            // The tools read at some moment between.
            [CounterNames.MonotonicNs] = before + (MonotonicClock.NowNs - before) / 2,
            [CounterNames.WireOctetsForward] = counts[0].Octets,
            [CounterNames.WireOctetsReverse] = counts[1].Octets,
            [CounterNames.SegmentsForward] = counts[0].Frames,
            [CounterNames.SegmentsReverse] = counts[1].Frames,
            [CounterNames.DroppedForward] = counts[0].Dropped,
            [CounterNames.DroppedReverse] = counts[1].Dropped,
        };
    }

    public async ValueTask DisposeAsync()
    {
        _holder.StandardInput.Close();
        try
        {
            using var patience = new CancellationTokenSource(StartPatience);
            await _holder.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _holder.Kill();
        }

        _holder.Dispose();
    }

    /// <summary>A process in a network namespace of its own that does nothing, until its standard input ends; in a session of its own, since an interrupt typed at the terminal is the runner's to handle.</summary>
    private static async Task<Process> HoldAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        Process holder;
        try
        {
            var start = new ProcessStartInfo("setsid", ["unshare", "--net", "--", "cat"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
            start.Environment["PATH"] = KernelTools.Path;
            holder = Process.Start(start) ?? throw new Win32Exception("no process");
        }
        catch (Win32Exception refused)
        {
            throw new RoleFailedException($"setsid (util-linux) cannot be started: {refused.Message}");
        }

        var (ours, begin) = (NetworkOf("self"), time.GetTimestamp());
        while (NetworkOf($"{holder.Id}") is not { } there || there == ours)
        {
            if (holder.HasExited) throw new RoleFailedException($"no network namespace for the sink: {(await holder.StandardError.ReadToEndAsync(cancellationToken)).Trim()}");
            if (time.GetElapsedTime(begin) > StartPatience) throw new RoleFailedException($"no network namespace for the sink within {StartPatience.TotalSeconds:0} s");
            await Task.Delay(Look, time, cancellationToken);
        }

        return holder;
    }

    private static string? NetworkOf(string process) => new FileInfo($"/proc/{process}/ns/net").LinkTarget;

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        Task Here(string command) => KernelTools.RunAsync(null, command, cancellationToken);
        Task There(string command) => KernelTools.RunAsync(FarNetwork, command, cancellationToken);
        await There("ip link set lo up");
        foreach (var (near, far, network) in new[] { (NearEnd, FarEnd, "198.18"), (NearOpen, FarOpen, "198.19") })
        {
            await Here($"ip link add {near} type veth peer name {far} netns {_holder.Id}");
            // No address of IPv6, whose neighbours would talk on the line.
            await Here($"ip link set {near} addrgenmode none");
            await There($"ip link set {far} addrgenmode none");
            await Here($"ip address add {network}.0.1/30 dev {near}");
            await There($"ip address add {network}.0.2/30 dev {far}");
            await Here($"ip link set {near} up");
            await There($"ip link set {far} up");
            foreach (var hosts in new[] { $"{network}.1.0/24", $"{network}.2.0/24", $"{network}.3.0/24" })
            {
                await Here($"ip route add {hosts} via {network}.0.2");
                await There($"ip route add local {hosts} dev lo");
            }
        }

        await SetCapacityAsync(default, default, cancellationToken);
    }
}
