using CsCheck;
using MailBench.Transport;
using Xunit;

namespace MailBench.Unit.Transport;

public sealed class TimerHeapTests
{
    /// <summary>Arms, re-arms, disarms and lets time pass at random; fires must be those of a plain list of deadlines.</summary>
    [Fact]
    public void Fires_what_is_due_in_order_whatever_was_armed_again_or_disarmed() =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 19], Gen.Int[0, 50]).Array[1, 200].Sample(steps =>
        {
            var heap = new TimerHeap();
            var timers = Enumerable.Range(0, 20).Select(_ => new HeapTimer(null!, static _ => { }, null)).ToArray();
            var deadlines = new long?[20];
            long now = 0;
            foreach (var (kind, which, amount) in steps)
            {
                if (kind == 0)
                {
                    deadlines[which] = now + amount;
                    heap.Arm(timers[which], now + amount);
                }
                else if (kind == 1)
                {
                    deadlines[which] = null;
                    heap.Remove(timers[which]);
                }
                else
                {
                    now += amount;
                    var earliest = deadlines.Min() ?? long.MaxValue;
                    Assert.True(heap.NextNs <= earliest);
                    var last = long.MinValue;
                    while (heap.PopDue(now) is { } due)
                    {
                        var index = Array.IndexOf(timers, due);
                        Assert.InRange(deadlines[index]!.Value, last, now);
                        last = deadlines[index]!.Value;
                        deadlines[index] = null;
                    }

                    Assert.DoesNotContain(deadlines, deadline => deadline <= now);
                }

                Assert.Equal(deadlines.Count(deadline => deadline is not null), heap.Count);
                Assert.All(timers, timer => Assert.Equal(deadlines[Array.IndexOf(timers, timer)] is not null, timer.IsArmed));
            }
        });
}
