using MailBench.Peers.Mailbox.Store;
using Xunit;

namespace MailBench.Unit.Peers.Mailbox;

public sealed class MaildirNameTests
{
    /// <summary>Names of several programs, oldest first: ours, Dovecot's (no leading zeros), Courier's, and some that nobody writes.</summary>
    private static readonly string[] Ordered =
    [
        "1.a", "9.M5P1.host", "10.M007P3.host", "10.M8P3.host,S=1:2,S", "10.M99999P7.host,S=4:2,", "10.M100000P7.host,S=4:2,S", "10.M100000P7Q2.host", "10.M100000P11.host:2,", "10.M100000P11.host:2,RS",
        "11.M000001P7Q9.host,S=1,W=2", "11.M000001P7Q10.host,S=1,W=2", "11_0.host", "b", "b1", "b12", "bb",
    ];

    [Fact]
    public void Messages_stand_in_the_order_in_which_they_came_whoever_named_them()
    {
        for (var i = 0; i < Ordered.Length; i++)
            for (var j = 0; j < Ordered.Length; j++)
                Assert.Equal(Math.Sign(i.CompareTo(j)), Math.Sign(MaildirName.Compare(Ordered[i], Ordered[j])));
    }

    [Fact]
    public void Any_names_have_one_order_and_those_of_one_base_stand_side_by_side()
    {
        var random = new Random(19);
        var names = Enumerable.Range(0, 400).Select(_ => string.Concat(Enumerable.Range(0, random.Next(1, 7)).Select(_ => "0019.M,:S"[random.Next(9)]))).Distinct().ToArray();
        Array.Sort(names, MaildirName.Compare);
        for (var i = 0; i < names.Length; i++)
            for (var j = 0; j < names.Length; j++)
                Assert.Equal(Math.Sign(i.CompareTo(j)), Math.Sign(MaildirName.Compare(names[i], names[j])));
        var bases = names.Select(static name => MaildirName.BaseOf(name).ToString()).ToArray();
        Assert.Equal(bases.Distinct().Count(), 1 + bases.Zip(bases.Skip(1)).Count(static pair => pair.First != pair.Second));
    }
}
