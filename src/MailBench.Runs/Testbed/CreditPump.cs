using MailBench.Model.Nodes;

namespace MailBench.Runs.Testbed;

/// <summary>
/// Carries the sink's bookings to the source as credits (backlog model). Gathers for a few milliseconds: at 25,000 deliveries/s a message per booking would cost more than it tells, and a
/// backlog that suits its line does not feel 5 ms.
/// </summary>
internal sealed class CreditPump : IAsyncDisposable
{
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(5);

    private readonly SemaphoreSlim _booked = new(0, 1);
    private readonly CancellationTokenSource _ending = new();
    private readonly NodeProcess _source;
    private readonly TimeProvider _time;
    private readonly Task _pumping;
    private long _recipients;

    public CreditPump(NodeProcess source, TimeProvider time)
    {
        (_source, _time) = (source, time);
        _pumping = PumpAsync();
    }

    /// <summary>From the sink's reader; never blocks.</summary>
    public void Booked(long recipients)
    {
        if (recipients <= 0 || Interlocked.Add(ref _recipients, recipients) != recipients) return;
        try
        {
            _booked.Release();
        }
        catch (SemaphoreFullException)
        {
            // The pump has been woken already and has not looked yet.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _pumping;
        _ending.Dispose();
        _booked.Dispose();
    }

    private async Task PumpAsync()
    {
        try
        {
            while (true)
            {
                await _booked.WaitAsync(_ending.Token);
                await Task.Delay(Gathering, _time, _ending.Token);
                if (Interlocked.Exchange(ref _recipients, 0) is > 0 and var credits) await _source.PostAsync(new CreditsCommand(credits), _ending.Token);
            }
        }
        catch (Exception over) when (over is OperationCanceledException or RoleFailedException)
        {
            // The trial ended, or the source died, which its own watch reports.
        }
    }
}
