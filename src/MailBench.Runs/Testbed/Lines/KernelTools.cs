using System.ComponentModel;
using System.Diagnostics;
using MailBench.Model.Records;

namespace MailBench.Runs.Testbed.Lines;

/// <summary>Runs <c>ip</c> and <c>tc</c> (iproute2), here or inside another network namespace.</summary>
internal static class KernelTools
{
    /// <summary>Where iproute2 is, whatever the user's shell says.</summary>
    public const string Path = "/usr/sbin:/usr/bin:/sbin:/bin";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Runs a command and gives its standard output; <paramref name="network"/>: the namespace's file, or null for this one. Throws <see cref="RoleFailedException"/> with the tool's own words.</summary>
    public static async Task<string> RunAsync(string? network, string command, CancellationToken cancellationToken)
    {
        string[] words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (network is not null) words = ["nsenter", $"--net={network}", "--", .. words];
        var start = new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment["PATH"] = Path;
        start.Environment["LC_ALL"] = "C";
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            using var process = Process.Start(start) ?? throw new Win32Exception("no process");
            process.StandardInput.Close();
            try
            {
                var errors = process.StandardError.ReadToEndAsync(patience.Token);
                var output = await process.StandardOutput.ReadToEndAsync(patience.Token);
                await process.WaitForExitAsync(patience.Token);
                return process.ExitCode == 0 ? output : throw Failed($"{command} ended with code {process.ExitCode}: {(await errors).ReplaceLineEndings(" ").Trim()}");
            }
            finally
            {
                if (!process.HasExited) process.Kill();
            }
        }
        catch (Win32Exception refused)
        {
            throw Failed($"{words[0]} cannot be started: {refused.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failed($"{command} did not end within {Patience.TotalSeconds:0} s");
        }
    }

    private static RoleFailedException Failed(string why) => new(new RoleFailure("line", why, []));
}
