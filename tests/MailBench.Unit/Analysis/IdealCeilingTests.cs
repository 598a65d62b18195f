using MailBench.Analysis.Figures;
using Xunit;

namespace MailBench.Unit.Analysis;

public sealed class IdealCeilingTests
{
    [Fact]
    public void One_recipient_of_a_four_kibibyte_message_costs_what_the_method_says()
    {
        var ideal = IdealCeiling.Of(Workload() with { RecipientsPerMessage = 1 });
        // Envelope 40 + 25 + 6 in one segment; content 4,096 + 3 in three: 71 + 4,099 + 4 · 66.
        Assert.Equal(71 + 4099 + 4 * 66, ideal.ForwardOctetsPerDelivery, 0.001);
        Assert.Equal(1_500_000 / 8.0 / ideal.ForwardOctetsPerDelivery, ideal.PerSecond(1_500_000, 1_500_000), 0.001);
    }

    [Theory]
    // DATA, then ".": 40 + 25 + 6 and 4,096 + 7 + 3 in one segment and three; one wave of both in three.
    [InlineData(false, false, 71 + 4106 + 4 * 66)]
    [InlineData(false, true, 71 + 4106 + 3 * 66)]
    // "BDAT 4096 LAST" CRLF instead of DATA, the dots and the end; RSET where the next envelope is sent ahead.
    [InlineData(true, false, 65 + 4096 + 16 + 4 * 66)]
    [InlineData(true, true, 65 + 6 + 4096 + 16 + 3 * 66)]
    public void The_dialogue_decides_what_frames_a_content(bool chunking, bool overlap, double octets)
    {
        var ideal = IdealCeiling.Of(Workload() with { RecipientsPerMessage = 1, DotsStuffed = 7, Chunking = chunking, Overlap = overlap });
        Assert.Equal(octets, ideal.ForwardOctetsPerDelivery, 0.001);
    }

    [Fact]
    public void Fifty_recipients_over_five_hosts_need_five_copies()
    {
        var ideal = IdealCeiling.Of(Workload());
        Assert.Equal(5, ideal.CopiesPerMessage);
        Assert.True(ideal.ForwardOctetsPerDelivery < 600);
    }

    [Fact]
    public void A_domain_with_all_hosts_at_equal_preference_needs_one_copy() =>
        Assert.Equal(1, IdealCeiling.Of(Workload() with { HostsPerDomain = 5 }).CopiesPerMessage);

    [Fact]
    public void A_recipient_limit_splits_copies() =>
        Assert.Equal(10, IdealCeiling.Of(Workload() with { RecipientsPerTransaction = 5 }).CopiesPerMessage);

    private static IdealWorkload Workload() => new()
    {
        RecipientsPerMessage = 50,
        Domains = 100,
        MxHosts = 5,
        HostsPerDomain = 1,
        RecipientsPerTransaction = 100,
        ContentOctets = 4096,
        DotsStuffed = 0,
        MailOctets = 40,
        RcptOctets = 25,
    };
}
