using MailBench.Model.Nodes;
using MailBench.Model.Profiles;
using MailBench.Model.Units;
using MailBench.Runs.Sweep;
using MailBench.Runs.Testbed;
using MailBench.Runs.Testbed.Lines;
using Xunit;

namespace MailBench.Unit.Runs.Lines;

public sealed class LineBackendsTests
{
    private static RunPlan Plan(string backend, string more = "") => RunPlan.Of(ProfileReader.Read($"version: 1\nline: {{backend: {backend}}}\n{more}", "p.yaml"));

    [Fact]
    public void Without_a_word_the_line_is_in_user_space_and_nothing_is_probed()
    {
        var plan = LineBackends.Choose(RunPlan.Of(ProfileReader.Read("version: 1", "p.yaml")), () => throw new InvalidOperationException("probed"));
        Assert.Equal(("userspace", null, false), (plan.LineBackend, plan.LineNote, plan.NeedsPrivateNetwork));
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("kernel")]
    public void Where_the_kernel_can_it_shapes_the_line_in_a_network_of_the_runs_own(string backend)
    {
        var plan = LineBackends.Choose(Plan(backend), () => null);
        Assert.Equal(("kernel", null, true), (plan.LineBackend, plan.LineNote, plan.NeedsPrivateNetwork));
    }

    [Fact]
    public void Where_it_cannot_auto_says_why_and_kernel_is_refused_with_the_way_out()
    {
        var plan = LineBackends.Choose(Plan("auto"), () => "Operation not permitted.");
        Assert.Equal(("userspace", "line.backend auto took the user-space line: Operation not permitted.", false), (plan.LineBackend, plan.LineNote, plan.NeedsPrivateNetwork));
        var refused = Assert.Throws<NodeRefusedException>(() => LineBackends.Choose(Plan("kernel"), () => "Operation not permitted."));
        Assert.Equal("line.backend kernel: Operation not permitted. Or: --set line.backend=auto, which takes the user-space line then.", refused.Message);
    }

    [Fact]
    public void Users_who_poll_need_the_user_space_line()
    {
        const string users = "users: {count: 10}";
        Assert.Contains("users who poll", LineBackends.Choose(Plan("auto", users), () => null).LineNote);
        Assert.Throws<NodeRefusedException>(() => LineBackends.Choose(Plan("kernel", users), () => null));
    }

    [Theory]
    [InlineData("1.5Mbit/s", "tc qdisc replace dev x root tbf rate 1500000bit burst 4096b limit 65536b")]
    [InlineData("100Mbit/s", "tc qdisc replace dev x root tbf rate 100000000bit burst 50000b limit 65536b")]
    [InlineData("unlimited", "tc qdisc replace dev x root tbf rate 100000000000bit burst 1048576b limit 67108864b")]
    public void The_bucket_holds_what_a_late_timer_misses_and_never_less_than_two_frames(string rate, string command) =>
        Assert.Equal(command, new TokenBucket(null, "x").Command(BitRate.Parse(rate), new ByteSize(65536)));

    [Fact]
    public void Counts_are_those_of_the_bucket_and_a_bucket_that_is_gone_is_said()
    {
        const string shown = """[{"kind":"tbf","handle":"8005:","root":true,"refcnt":3,"options":{"rate":187500},"bytes":1028144,"packets":684,"drops":72,"overlimits":2084,"requeues":0,"backlog":0,"qlen":0}]""";
        Assert.Equal(new BucketCount(1028144, 684, 72), TokenBucket.Parse(shown));
        Assert.Contains("no tbf", Assert.Throws<RoleFailedException>(() => TokenBucket.Parse("""[{"kind":"noqueue"}]""")).Message);
        Assert.Throws<RoleFailedException>(() => TokenBucket.Parse("Cannot find device"));
    }
}
