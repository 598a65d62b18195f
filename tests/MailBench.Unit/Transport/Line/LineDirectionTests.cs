using MailBench.Model.Units;
using MailBench.Transport.Line;
using Xunit;

namespace MailBench.Unit.Transport.Line;

public sealed class LineDirectionTests
{
    [Theory]
    [InlineData("1.5Mbit/s", 65_536, 8_192)]
    [InlineData("100Mbit/s", 65_536, 8_192)]
    [InlineData("200Mbit/s", 125_000, 15_625)]
    [InlineData("1Gbit/s", 625_000, 32_768)]
    [InlineData("unlimited", 65_536, 8_192)]
    public void The_queue_is_what_was_asked_for_or_5_ms_of_the_line(string capacity, long queueBytes, int kernelBytes)
    {
        var direction = new LineDirection(64 << 10, delayNs: 0);
        direction.SetCapacity(BitRate.Parse("10Gbit/s").BitsPerSecond, nowNs: 1);
        direction.SetCapacity(BitRate.Parse(capacity).BitsPerSecond, nowNs: 2);
        Assert.Equal((queueBytes, kernelBytes), (direction.QueueBytes, direction.KernelBytes));
    }
}
