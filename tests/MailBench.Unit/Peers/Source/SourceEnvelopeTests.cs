using System.Text;
using MailBench.Model.Events;
using MailBench.Model.Options;
using MailBench.Peers.Source.Workload;
using Xunit;

namespace MailBench.Unit.Peers.Source;

public sealed class SourceEnvelopeTests
{
    private static readonly TrialId Trial = new("ab12", 3, 1);
    private static readonly WireMessage Message = WireMessage.Of("A: b\r\n\r\n"u8);

    [Fact]
    public void The_reverse_path_is_the_verp_address_of_the_sequence()
    {
        var envelope = new SourceEnvelope(Trial, new WorkloadOptions { Suffix = "example" });
        foreach (var sequence in new long[] { 0, 7, 1042, long.MaxValue })
        {
            envelope.Address(sequence, Message);
            Assert.Equal(VerpAddress.Format(Trial, sequence, "example"), Encoding.ASCII.GetString(envelope.ReversePath));
        }

        Assert.Equal(8, envelope.SizeBytes);
    }

    [Fact]
    public void One_sender_for_all_is_the_same_whatever_the_sequence()
    {
        var envelope = new SourceEnvelope(Trial, new WorkloadOptions { Sender = "x@source.test" });
        foreach (var sequence in new long[] { 0, 1042 })
        {
            envelope.Address(sequence, Message);
            Assert.Equal("x@source.test", Encoding.ASCII.GetString(envelope.ReversePath));
        }
    }

    [Fact]
    public void Recipients_go_round_the_domains_over_all_messages()
    {
        var envelope = new SourceEnvelope(Trial, new WorkloadOptions { Recipients = 3, Domains = 4 });
        envelope.Address(1, Message);
        Assert.Equal(["u0@d3.test", "u1@d0.test", "u2@d1.test"], Recipients(envelope));
        Assert.Equal(2, envelope.BookedIndex(2));
    }

    [Fact]
    public void Users_go_round_the_users_of_one_domain()
    {
        var envelope = new SourceEnvelope(Trial, new WorkloadOptions { Recipients = 2, Users = 3 });
        envelope.Address(1, Message);
        Assert.Equal(["user2@mail.test", "user0@mail.test"], Recipients(envelope));
    }

    private static string[] Recipients(SourceEnvelope envelope) =>
        [.. Enumerable.Range(0, envelope.RecipientCount).Select(k => Encoding.ASCII.GetString(envelope.Recipient(k)))];
}
