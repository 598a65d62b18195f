namespace MailBench.EndToEnd.Faults;

/// <summary>The system's time, but for a wall clock that somebody sets.</summary>
internal sealed class StepClock : TimeProvider
{
    private long _offTicks;

    public void Step(TimeSpan by) => Interlocked.Add(ref _offTicks, by.Ticks);

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _offTicks));
}
