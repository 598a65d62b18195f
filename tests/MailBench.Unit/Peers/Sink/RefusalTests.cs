using System.Text;
using MailBench.Model.Options;
using MailBench.Peers;
using MailBench.Peers.Sink;
using Xunit;

namespace MailBench.Unit.Peers.Sink;

public sealed class RefusalTests
{
    [Fact]
    public void Reads_rules_with_any_of_their_optional_parts()
    {
        Assert.Equal(new RefusalRule(RefusalPhase.Rcpt, 450, "4.2.0", 0.1, null), RefusalRuleText.Parse("rcpt:450:4.2.0:10%"));
        Assert.Equal(new RefusalRule(RefusalPhase.Data, 554, null, 1, null), RefusalRuleText.Parse("data:554"));
        Assert.Equal(new RefusalRule(RefusalPhase.Connect, 421, null, 0.025, "*:1"), RefusalRuleText.Parse("connect:421:2.5%:*:1"));
        Assert.Equal(new RefusalRule(RefusalPhase.End, 552, "5.2.2", 1, "*@d1.test"), RefusalRuleText.Parse("END:552:5.2.2:*@d1.test"));
    }

    [Theory]
    [InlineData("rcpt")]
    [InlineData("quit:550")]
    [InlineData("rcpt:250")]
    [InlineData("rcpt:5500")]
    [InlineData("rcpt:550:4.1.1")]
    [InlineData("rcpt:550:101%")]
    [InlineData("rcpt:550:")]
    public void Says_how_a_rule_is_written_when_it_is_none(string text) =>
        Assert.Contains("rcpt:450:4.2.0:10%", Assert.Throws<FormatException>(() => RefusalRuleText.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("*", "", true)]
    [InlineData("u?@*.test", "U7@d3.TEST", true)]
    [InlineData("u?@*.test", "u17@d3.test", false)]
    [InlineData("*a*b*c", "xxaybbzc", true)]
    [InlineData("*a*b*c", "xxaybbz", false)]
    [InlineData("", "a", false)]
    [InlineData("a", "ab", false)]
    public void Matches_patterns(string pattern, string text, bool matches) => Assert.Equal(matches, Glob.IsMatch(Encoding.ASCII.GetBytes(pattern), Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Draws_shares_by_seed()
    {
        RefusalRule[] rules = [new(RefusalPhase.Rcpt, 450, "4.2.0", 0.1, null)];
        Assert.Equal(Draw(1), Draw(1));
        Assert.NotEqual(Draw(1), Draw(2));
        Assert.InRange(Draw(1).Count(drawn => drawn), 60, 140);

        bool[] Draw(int seed)
        {
            var table = new RefusalTable(rules, seed);
            return [.. Enumerable.Range(0, 1000).Select(_ => table.Decide(RefusalPhase.Rcpt, "u1@d1.test"u8) is not null)];
        }
    }

    [Fact]
    public void The_first_rule_that_applies_decides()
    {
        var table = new RefusalTable([RefusalRuleText.Parse("rcpt:550:5.1.1:u1@*"), RefusalRuleText.Parse("rcpt:450")], 1);
        Assert.Equal(550, table.Decide(RefusalPhase.Rcpt, "u1@d1.test"u8)!.Code);
        Assert.Equal(450, table.Decide(RefusalPhase.Rcpt, "u2@d1.test"u8)!.Code);
        Assert.Null(table.Decide(RefusalPhase.Mail, "u1@d1.test"u8));
    }
}
