using MailBench.Mta;
using Xunit;

namespace MailBench.Unit.Mta;

public sealed class SlabTests
{
    [Fact]
    public void Gives_its_pages_back_when_nothing_is_left_and_goes_on()
    {
        var slab = new Slab<long>();
        for (var round = 1; round <= 3; round++)
        {
            for (var i = 0; i < 20_000; i++)
            {
                var row = slab.Add();
                Assert.Equal(0, slab[row]);
                slab[row] = row + round;
            }

            for (var row = 0; row < 20_000; row++)
            {
                Assert.Equal(row + round, slab[row]);
                slab.Remove(row);
            }

            Assert.Equal((0, 0), (slab.Count, slab.End));
            // Who still holds a number of old reads nothing.
            Assert.Equal(0, slab[19_999]);
        }
    }
}
