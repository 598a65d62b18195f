using System.Globalization;
using MailBench.Cli.Running;
using MailBench.Model.Nodes;
using MailBench.Model.Units;
using MailBench.Peers.Source;

namespace MailBench.Cli.Commands;

/// <summary>A line on standard error, renewed each second while a source works alone at a terminal; silent in a pipe, with NO_COLOR and with CI=true.</summary>
internal sealed class SourceProgress : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _shown;

    private SourceProgress(SourceNode node, TimeProvider time) => _shown = ShowAsync(node, time, _stop.Token);

    public static SourceProgress? StartOnTerminal(SourceNode node, TimeProvider time) => RunScreen.IsTerminal ? new SourceProgress(node, time) : null;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _shown;
        _stop.Dispose();
    }

    private static async Task ShowAsync(SourceNode node, TimeProvider time, CancellationToken stop)
    {
        var shown = false;
        var (beforeNs, before) = (MonotonicClock.NowNs, 0.0);
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                var counters = node.Counters();
                var (nowNs, accepted) = (MonotonicClock.NowNs, counters[CounterNames.Accepted]);
                var rate = (accepted - before) / ((nowNs - beforeNs) / 1e9);
                (beforeNs, before) = (nowNs, accepted);
                await Console.Error.WriteAsync(string.Create(CultureInfo.InvariantCulture,
                    $"\r\e[Koffered {counters[CounterNames.Offered]:N0}  accepted {accepted:N0} ({rate:N0}/s)  refused {counters[CounterNames.Refused]:N0}  failed {counters[CounterNames.Failed]:N0}"));
                shown = true;
            }
        }
        catch (OperationCanceledException)
        {
            // The load has ended; the line of counts follows on standard output.
        }

        if (shown) await Console.Error.WriteAsync("\r\e[K");
    }
}
