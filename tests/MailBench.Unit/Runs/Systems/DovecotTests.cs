using System.Net;
using System.Text;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Runs.Sweep;
using MailBench.Runs.Testbed;
using MailBench.Runs.Testbed.Systems;
using Xunit;

namespace MailBench.Unit.Runs.Systems;

public sealed class DovecotTests
{
    private static readonly MailboxDoors Doors = new(PollProtocol.Pop3, new IPEndPoint(IPAddress.Parse("127.0.2.1"), 10_110), new IPEndPoint(IPAddress.Parse("127.0.2.1"), 10_024));

    [Fact]
    public void As_shipped_it_has_only_what_the_testbed_needs_and_tuned_each_setting_in_its_service()
    {
        var shipped = DovecotConfiguration.Write(Dovecot(), Doors);
        Assert.Contains("protocols = pop3 lmtp\nlisten = 127.0.2.1\n", shipped);
        Assert.Contains("  inet_listener pop3 {\n    port = 10110\n  }\n  inet_listener pop3s {\n    port = 0\n  }\n", shipped);
        Assert.DoesNotContain("service_count", shipped);
        var tuned = DovecotConfiguration.Write(Dovecot(SystemVariant.Tuned, ("pop3-client_limit", "4"), ("mail_fsync", "always")), Doors);
        Assert.Contains("service pop3-login {\n  service_count = 0\n  process_min_avail = 2\n  inet_listener pop3 {", tuned);
        Assert.Contains("service pop3 {\n  service_count = 0\n  client_limit = 4\n  process_min_avail = 4\n}\n", tuned);
        Assert.Contains("\nmail_fsync = always\n", tuned);
        Assert.Equal(tuned.Count(letter => letter == '{'), tuned.Count(letter => letter == '}'));
    }

    [Theory]
    [InlineData("mail_location", "maildir:/")]
    [InlineData("listen", "*")]
    [InlineData("mail_plugins", "x")]
    [InlineData("pop3-executable", "/bin/sh")]
    [InlineData("mail_fsync", "never\n}")]
    [InlineData("mail_fsync", "</etc/shadow")]
    [InlineData("mail_fsync", "a { b")]
    public void Settings_that_would_move_it_open_it_or_run_something_are_refused(string key, string value) => Assert.NotNull(DovecotConfiguration.Refusal(Dovecot(settings: (key, value))));

    [Fact]
    public void Features_say_what_the_variant_is_and_share_their_axes_with_the_own_server()
    {
        var settings = SettingValues.Defaults.With("users.count", "5").With("users.protocol", "imap");
        var tuned = new DovecotAdapter().Features(Dovecot(SystemVariant.Tuned), settings);
        Assert.Equal("lasting processes of up to 1000 connections for the login, then lasting processes of up to 16 connections", tuned["concurrency"]);
        Assert.Equal("a process for each connection for the login, then a process for each connection", new DovecotAdapter().Features(Dovecot(), settings)["concurrency"]);
        Assert.Equal(["settings", "variant"], tuned.Keys.Except(OwnMailbox.FeaturesOf(settings).Keys).Order());
        Assert.Empty(OwnMailbox.FeaturesOf(settings).Keys.Except(tuned.Keys));
    }

    [Theory]
    [InlineData("system: dovecot", "a mailbox server is measured by users")]
    [InlineData("system: postfix\nusers: {count: 5}", "it has no mailboxes")]
    [InlineData("system: dovecot\nusers: {count: 5, delivery: mta}", "all-in-one")]
    [InlineData("systems: {there: {kind: external, at: 127.0.0.1:110}}\nsystem: there\nusers: {count: 5, mailPerPoll: 1}", "its own affair")]
    [InlineData("users: {count: 1000000, mailbox: {messages: 2}}", "at most 1,000,000")]
    [InlineData("users: {count: 1000, mailbox: {messages: 100, size: 1MiB}}", "more than 8GiB")]
    public void What_cannot_be_measured_is_refused_before_the_run(string yaml, string why) =>
        Assert.Contains(why, Assert.Throws<ProfileException>(() => RunPlan.Of(ProfileReader.Read("version: 1\n" + yaml, "p.yaml"))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(586)]
    [InlineData(4096)]
    [InlineData(4099)]
    public void A_filled_mailbox_has_messages_of_exactly_the_size(int size)
    {
        var content = Encoding.ASCII.GetString(MailboxFill.Message(123_456, 7, size));
        Assert.Equal(size, content.Replace("\n", "\r\n", StringComparison.Ordinal).Length);
        Assert.EndsWith("\n", content, StringComparison.Ordinal);
        Assert.Contains("\n\n", content, StringComparison.Ordinal);
    }

    private static MailSystem Dovecot(SystemVariant variant = SystemVariant.AsShipped, params (string Key, string Value)[] settings) =>
        new("dovecot", SystemKind.Dovecot) { Variant = variant, Settings = [.. settings.Select(pair => new KeyValuePair<string, string>(pair.Key, pair.Value))] };
}
