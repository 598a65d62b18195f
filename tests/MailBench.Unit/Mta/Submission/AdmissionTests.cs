using System.Net;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Mta.Submission;
using Xunit;

namespace MailBench.Unit.Mta.Submission;

public class AdmissionTests
{
    private const long Second = 1_000_000_000;
    private readonly List<string> _said = [];

    private Admission With(int recipients = 1600, int memory = 1 << 20) => new(new MtaSettings { MaxQueuedRecipients = recipients, ReceiveMemory = new ByteSize(memory) }, _said.Add);

    [Fact]
    public void Mail_is_taken_up_to_a_limit_and_again_only_well_below_it()
    {
        var admission = With();
        foreach (var (level, taken) in new[] { (1599, true), (1600, false), (1599, false), (1500, false), (1499, true), (1599, true), (1600, false) })
            Assert.Equal(taken, admission.Refuses(new MailLoad(level, 0, 0), 0) is null);
        Assert.Equal(2, admission.Closings);
    }

    [Fact]
    public void Each_limit_has_a_reply_of_its_own_and_the_last_eighth_of_memory_is_for_mail_that_has_begun()
    {
        var admission = With();
        Assert.Same(SubmissionReplies.QueueFull, admission.Refuses(new MailLoad(1600, 0, 0), 0));
        Assert.Same(SubmissionReplies.NoMemory, admission.Refuses(new MailLoad(0, (1 << 20) / 8 * 7, 0), 0));
        Assert.Same(SubmissionReplies.QueueBusy, admission.Refuses(new MailLoad(0, 0, 48 << 20), 0));
        Assert.Same(SubmissionReplies.QueueBusy, admission.Refuses(new MailLoad(0, 0, 32 << 20), 0));
        Assert.Null(admission.Refuses(new MailLoad(0, 0, (32 << 20) - 1), 0));
        Assert.All(new[] { SubmissionReplies.QueueFull, SubmissionReplies.NoMemory, SubmissionReplies.QueueBusy }, reply => Assert.Equal(452, reply.Code));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_smallest_limit_opens_again(int recipients)
    {
        var admission = With(recipients);
        Assert.NotNull(admission.Refuses(new MailLoad(recipients, 0, 0), 0));
        Assert.Null(admission.Refuses(default, 0));
    }

    [Fact]
    public void People_are_told_once_a_minute_and_of_the_end_of_what_they_were_told()
    {
        var admission = With();
        for (var second = 0; second < 120; second++)
        {
            admission.Refuses(new MailLoad(1600, 0, 0), second * Second);
            admission.Refuses(default, second * Second);
        }

        Assert.Equal(4, _said.Count);
        Assert.StartsWith("new mail is answered 452 until there are fewer than 1500: 1600 recipients are queued", _said[0], StringComparison.Ordinal);
        Assert.StartsWith("new mail is taken again", _said[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Sessions_are_counted_by_client_and_of_ipv6_by_network()
    {
        var sessions = new ClientSessions(limit: 2);
        var one = ClientSessions.ClientOf(IPAddress.Parse("2001:db8:0:1::1"));
        Assert.Equal(one, ClientSessions.ClientOf(IPAddress.Parse("2001:db8:0:1:ffff::2")));
        Assert.NotEqual(one, ClientSessions.ClientOf(IPAddress.Parse("2001:db8:0:2::1")));
        Assert.Equal(IPAddress.Parse("192.0.2.1"), ClientSessions.ClientOf(IPAddress.Parse("::ffff:192.0.2.1")));
        sessions.Add(one);
        Assert.False(sessions.IsFull(one));
        sessions.Add(one);
        Assert.True(sessions.IsFull(one));
        Assert.False(sessions.IsFull(IPAddress.Loopback));
        sessions.Remove(one);
        Assert.False(sessions.IsFull(one));
        sessions.Remove(one);
        Assert.False(sessions.IsFull(one));
    }
}
