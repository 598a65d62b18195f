using MailBench.Model.Events;
using Xunit;

namespace MailBench.Unit.Model;

public sealed class TrialIdTests
{
    [Theory]
    [InlineData("7f3a9c", true)]
    [InlineData("", false)]
    [InlineData("../../home", false)]
    [InlineData("a.b", false)]
    [InlineData("A", false)]
    [InlineData("a\n", false)]
    [InlineData("0123456789abcdef0", false)]
    public void A_run_id_is_short_and_plain(string text, bool expected) => Assert.Equal(expected, TrialId.IsRun(text));
}
