namespace MailBench.Mta;

/// <summary>
/// Wall time as it was at start, and from there on by the clock that is never set: for ages and due times, which a step of the wall clock must neither end nor put off. Dates that people read are the wall
/// clock's own.
/// </summary>
internal sealed class SteadyTime : TimeProvider
{
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _start;
    private readonly long _startStamp;

    public SteadyTime(TimeProvider time)
    {
        _time = time;
        _start = time.GetUtcNow();
        _startStamp = time.GetTimestamp();
    }

    public override long TimestampFrequency => _time.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => _start + _time.GetElapsedTime(_startStamp);

    public override long GetTimestamp() => _time.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => _time.CreateTimer(callback, state, dueTime, period);
}
