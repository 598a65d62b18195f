using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using MailBench.Model.Nodes;
using MailBench.Model.Records;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>A file or folder of ours, seen inside an enclosure in the place of the system's own.</summary>
internal sealed record BindMount(string Ours, string Place);

/// <summary>
/// A foreign program and all that it starts, in PID, mount and host-name namespaces of their own (<c>unshare(1)</c>): it sees private files in the system's places, and no process of it can outlive the
/// namespace's first, which ends with its standard input, that is, with the runner, however that ends.
/// </summary>
internal sealed class Enclosure : IAsyncDisposable
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan LookPatience = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The first process: makes a <c>/dev</c> of harmless devices and the socket of the log, mounts pairs of OURS PLACE up to <c>--</c>, starts the rest (the program, locked into its root by chroot) and asks it to
    /// end when standard input does and kills it 5 s later. When the shell has ended, the kernel kills what is left in the namespace.
    /// </summary>
    private const string FirstProcess = """
        set -e
        printf %s "$1" >/proc/sys/kernel/hostname
        root=$2 devices=$3 log=$4
        shift 4
        mount -t tmpfs -o mode=755,size=64k none "$devices"
        for device in null zero full random urandom; do : >"$devices/$device"; mount --bind "/dev/$device" "$devices/$device"; done
        ln -s /proc/self/fd "$devices/fd"
        if [ -n "$log" ]; then : >"$devices/log"; mount --bind "$log" "$devices/log"; fi
        mount --rbind "$devices" "$root/dev"
        if [ "$root" != / ]; then mount -t proc none "$root/proc"; fi
        while [ "$1" != -- ]; do mount --bind "$1" "$root$2"; shift 2; done
        shift
        exec 3<&0
        "$@" </dev/null 3<&- & program=$!
        { cat >/dev/null; kill -TERM $program; sleep 5; kill -KILL $program; } <&3 &
        exec 3<&-
        status=0; wait $program || status=$?
        exit $status
        """;

    /// <summary>Enters the control group whose door is the first argument, if it can, and becomes the rest.</summary>
    private const string InGroup = """
        { echo 0 >"$0"; } 2>/dev/null || :
        exec "$@"
        """;

    private static readonly string[] Unshare = ["--mount", "--pid", "--uts", "--fork", "--kill-child", "--mount-proc", "--"];

    private readonly Process _process;
    private readonly string _role;
    private readonly string _root;
    private readonly RoleLog _log;
    private readonly Func<IReadOnlyList<string>> _lastWords;
    private readonly TimeProvider _time;
    private readonly CpuGroup? _group;
    private readonly TaskCompletionSource<RoleFailure> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading;
    private volatile bool _stopping;

    private Enclosure(string role, string root, Process process, CpuGroup? group, RoleLog log, Func<IReadOnlyList<string>> lastWords, TimeProvider time)
    {
        (_role, _root, _process, _group, _log, _lastWords, _time) = (role, root, process, group, log, lastWords, time);
        _reading = Task.WhenAll(DrainAsync(process.StandardOutput), DrainAsync(process.StandardError)).ContinueWith(_ => EndedAsync(), TaskScheduler.Default).Unwrap();
    }

    /// <summary>The process outside, whose descendants are all of the program's.</summary>
    public int Pid => _process.Id;

    /// <summary>CPU, memory and writes of the program and all that it started, as of now, by the names of every role's counters.</summary>
    public Dictionary<string, double> Counters()
    {
        var counters = ProcessTree.Read(Pid);
        if (_group?.CpuNs is { } cpuNs) counters[CounterNames.CpuNs] = cpuNs;
        return counters;
    }

    /// <summary>Ends with the reason when the program ends unasked.</summary>
    public Task<RoleFailure> Failed => _failed.Task;

    /// <summary>A sentence that says why no enclosure can be made here, or null.</summary>
    public static string? Missing()
    {
        const string Needed = "Foreign MTAs run in private PID, mount and network namespaces, which need root (CAP_SYS_ADMIN)";
        if (!OperatingSystem.IsLinux()) return "Foreign MTAs run in namespaces of Linux, and this is another system.";
        try
        {
            using var trial = Process.Start(new ProcessStartInfo("unshare", ["--net", .. Unshare, "true"]) { RedirectStandardError = true, RedirectStandardInput = true })!;
            var said = trial.StandardError.ReadToEnd().Trim();
            trial.WaitForExit();
            return trial.ExitCode == 0 ? null : $"{Needed}: {(said.Length > 0 ? said : $"unshare ended with code {trial.ExitCode}")}. Run as root.";
        }
        catch (Win32Exception)
        {
            return $"{Needed} and util-linux's unshare, which is not installed (apt-get install util-linux).";
        }
    }

    /// <summary>Starts the program. Throws <see cref="RoleFailedException"/> when it cannot be; what goes wrong later comes through <see cref="Failed"/>. <paramref name="lastWords"/>: the end of the program's own log.</summary>
    public static Enclosure Start(string role, string hostName, MtaStart mta, IEnumerable<string> tracer, IEnumerable<BindMount> binds, string devices, string? syslog, RoleLog log, Func<IReadOnlyList<string>> lastWords, TimeProvider time)
    {
        // A session of its own: an interrupt typed at the runner's terminal is the runner's to handle.
        var group = CpuGroup.Create();
        string[] entry = group is null ? [] : ["/bin/sh", "-c", InGroup, group.Door];
        string[] arguments = [.. entry, "unshare", .. Unshare, "/bin/sh", "-c", FirstProcess, "enclosure", hostName, mta.Root, devices, syslog ?? "", .. binds.SelectMany(bind => new[] { bind.Ours, bind.Place }), "--", .. tracer, "chroot", mta.Root, .. mta.Command];
        var start = new ProcessStartInfo("setsid", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        // The C locale and the system's usual places, whatever the user's shell says.
        start.Environment["LC_ALL"] = "C";
        start.Environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin";
        try
        {
            return new Enclosure(role, mta.Root, Process.Start(start) ?? throw new Win32Exception("no process"), group, log, lastWords, time);
        }
        catch (Win32Exception refused)
        {
            log.Dispose();
            throw new RoleFailedException(new RoleFailure(role, $"setsid (util-linux) cannot be started: {refused.Message}", []));
        }
    }

    /// <summary>Runs a program that looks at the enclosed one, with the same files and processes before it, and hands its standard output over. Throws <see cref="RoleFailedException"/> when it fails.</summary>
    public async Task<T> LookAsync<T>(IEnumerable<string> command, Func<StreamReader, Task<T>> read, CancellationToken cancellationToken)
    {
        string[] arguments = ["--target", First().ToString(CultureInfo.InvariantCulture), "--mount", "--pid", "--uts", "--", "chroot", _root, .. command];
        using var process = Process.Start(new ProcessStartInfo("nsenter", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.StandardInput.Close();
        using var patience = new CancellationTokenSource(LookPatience, _time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        var errors = process.StandardError.ReadToEndAsync(over.Token);
        try
        {
            var answer = await read(process.StandardOutput).WaitAsync(over.Token);
            await process.WaitForExitAsync(over.Token);
            if (process.ExitCode != 0) throw new RoleFailedException(new RoleFailure(_role, $"{string.Join(' ', command)} ended with code {process.ExitCode}: {(await errors).Trim()}", _lastWords()));
            return answer;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var last = _lastWords();
            throw new RoleFailedException(new RoleFailure(_role, $"it does not answer: {string.Join(' ', command)} said nothing within {LookPatience.TotalSeconds:0} s{(last.Count > 0 ? $"; its last words: {last[^1]}" : "")}", last));
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }

    /// <summary>Ends standard input, waits, and kills by pid what does not go; <c>--kill-child</c> takes the namespace with it.</summary>
    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        _process.StandardInput.Close();
        try
        {
            using var patience = new CancellationTokenSource(StopPatience, _time);
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            if (!_process.HasExited) _process.Kill();
        }

        await _reading;
        if (_group is not null) await _group.RemoveAsync(_time);
        _process.Dispose();
        _log.Dispose();
    }

    /// <summary>The namespace's first process, as this side numbers it.</summary>
    private int First() => ProcessTree.ChildOf(Pid) ?? throw new RoleFailedException(new RoleFailure(_role, "it has no process any more", _lastWords()));

    private async Task DrainAsync(StreamReader reader)
    {
        try
        {
            while (await reader.ReadLineAsync() is { } line) _log.Add(line);
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException)
        {
            // The pipe broke with its process, whose end is reported by its own watch.
        }
    }

    private async Task EndedAsync()
    {
        await _process.WaitForExitAsync(CancellationToken.None);
        if (_stopping) return;
        var code = _process.ExitCode;
        var how = code > 128 ? $"was killed by signal {code - 128}" : $"ended by itself with exit code {code}";
        IReadOnlyList<string> last = [.. _lastWords(), .. _log.LastLines];
        _failed.TrySetResult(new RoleFailure(_role, last.Count > 0 ? $"{how}; its last words: {last[^1]}" : how, last));
    }
}
