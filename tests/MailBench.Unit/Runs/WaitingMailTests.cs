using MailBench.Model.Profiles;
using MailBench.Runs.Sweep;
using MailBench.Runs.Testbed;
using Xunit;

namespace MailBench.Unit.Runs;

/// <summary>A trial that is much shorter than an interval must find mailboxes as one would that has gone on for days.</summary>
public sealed class WaitingMailTests
{
    private const int Users = 1000;
    private const double IntervalSeconds = 1800;

    private static SettingValues Settings(string mailPerPoll, string warmUp = "0s", string steady = "1h") => SettingValues.Defaults
        .With("users.count", $"{Users}").With("users.interval", "30m").With("users.mailPerPoll", mailPerPoll).With("users.mailbox.waiting", "on").With("workload.size", "2KiB")
        .With("phases.warmUp", warmUp).With("phases.steady", steady).With("phases.drain", "1s");

    [Theory]
    [InlineData("1", 1)]
    [InlineData("6", 6)]
    public void A_first_poll_finds_with_what_arrives_before_it_what_every_poll_finds(string mailPerPoll, int messages)
    {
        var settings = Settings(mailPerPoll);
        var waiting = new WaitingMail(settings);
        var moments = settings.ToPolls(new System.Net.IPEndPoint(0, 0)).MomentsNs();
        // The source's messages, one every interval ÷ (users × messages), user after user.
        foreach (var user in Enumerable.Range(0, Users)) Assert.Equal(messages, waiting.Of(user) + Arrived(user, moments[user] / 1e9, messages));
    }

    [Fact]
    public void Where_few_polls_find_mail_as_many_find_it_at_the_first_poll_as_at_any()
    {
        var settings = Settings("0.2");
        var moments = settings.ToPolls(new System.Net.IPEndPoint(0, 0)).MomentsNs();
        var found = Enumerable.Range(0, Users).Select(user => new WaitingMail(settings).Of(user) + Arrived(user, moments[user] / 1e9, 0.2)).ToList();
        Assert.InRange(found.Sum(), 0.17 * Users, 0.23 * Users);
        Assert.All(found, messages => Assert.InRange(messages, 0, 1));
    }

    [Fact]
    public void Nothing_waits_for_users_whose_turn_comes_after_the_trial()
    {
        var settings = Settings("6", "30s", "89s");
        var waiting = new WaitingMail(settings);
        Assert.InRange(Enumerable.Range(0, Users).Count(user => waiting.Of(user) > 0), 0.04 * Users, 0.1 * Users);
    }

    [Theory]
    [InlineData("needs workload.size", "workload: { mix: mailing-list }", "")]
    [InlineData("constant number of users", "workload: { size: 4KiB }", ", find: knee")]
    public void What_cannot_wait_is_refused(string words, string workload, string more)
    {
        var refused = Assert.Throws<ProfileException>(() => RunPlan.Of(ProfileReader.Read($"version: 1\n{workload}\nusers: {{ count: 5, mailPerPoll: 1, mailbox: {{ waiting: on }}{more} }}", "p.yaml")));
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_waits_is_written_as_new_mail_of_the_workloads_size()
    {
        var store = Directory.CreateTempSubdirectory("mailbench-waiting-").FullName;
        try
        {
            new MailboxFill(store, Settings("6", "30s", "89s").With("users.count", "40")).Write(CancellationToken.None);
            Assert.Equal(40, Directory.GetDirectories(store, "cur", SearchOption.AllDirectories).Length);
            Assert.Empty(Directory.GetDirectories(store, "cur", SearchOption.AllDirectories).SelectMany(Directory.GetFiles));
            Assert.All(Directory.GetFiles(store, "*", SearchOption.AllDirectories), file => Assert.Matches(@"/new/.*,W=2048$", file));
        }
        finally
        {
            Directory.Delete(store, recursive: true);
        }
    }

    private static int Arrived(int user, double untilSeconds, double perPoll) =>
        Enumerable.Range(0, 100).Count(turn => ((double)user / Users + turn) * IntervalSeconds / perPoll <= untilSeconds);
}
