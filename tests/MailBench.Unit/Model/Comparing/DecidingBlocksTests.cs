using MailBench.Model.Comparing;
using Xunit;

namespace MailBench.Unit.Comparing;

public sealed class DecidingBlocksTests
{
    [Theory]
    [InlineData(1, 6)]
    [InlineData(4, 8)]
    [InlineData(6, 8)]
    [InlineData(192, 13)]
    public void So_many_blocks_decide_the_first_of_so_many_comparisons(int comparisons, int blocks)
    {
        Assert.Equal(blocks, DecidingBlocks.For(comparisons));
        Assert.True(2 * Math.Pow(2, -blocks) * comparisons <= DecidingBlocks.Level);
        Assert.True(2 * Math.Pow(2, 1 - blocks) * comparisons > DecidingBlocks.Level);
    }

    [Fact]
    public void The_fewest_are_those_of_one_comparison() => Assert.Equal(DecidingBlocks.Fewest, DecidingBlocks.For(1));
}
