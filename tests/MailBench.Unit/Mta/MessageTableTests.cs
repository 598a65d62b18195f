using MailBench.Mta;
using MailBench.Unit.Mta.Delivery;
using Xunit;

namespace MailBench.Unit.Mta;

public sealed class MessageTableTests
{
    [Fact]
    public void What_a_server_says_at_length_is_kept_in_short()
    {
        var entry = Entries.Entry(1, "u0@d0.test");
        var table = new MessageTable(new MemoryQueue(), new FlowCounters());
        table.Add(entry, ownDsn: false);
        table.Fail(entry, 0, "mx0.test said to RCPT: 550 " + new string('x', 400_000));
        Assert.StartsWith("mx0.test said to RCPT: 550 xxx", entry.Recipients[0].Reason, StringComparison.Ordinal);
        Assert.InRange(entry.Recipients[0].Reason!.Length, 100, 1000);
    }
}
