using MailBench.Model.Profiles;
using MailBench.Runs.Testbed.Systems;
using Xunit;

namespace MailBench.Unit.Runs.Systems;

public sealed class PostfixTests : IDisposable
{
    private readonly string _spool = Directory.CreateTempSubdirectory("mailbench-spool-").FullName;

    public void Dispose() => Directory.Delete(_spool, recursive: true);

    private static MailSystem Postfix(SystemVariant variant, params (string Key, string Value)[] settings) =>
        new("postfix", SystemKind.Postfix) { Variant = variant, Settings = [.. settings.Select(pair => new KeyValuePair<string, string>(pair.Key, pair.Value))] };

    private static Dictionary<string, string> MainCf(MailSystem system) =>
        PostfixConfiguration.MainCf(system, "sut.test", "/usr/lib/postfix/sbin", "/usr/sbin").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(" = ", 2)).GroupBy(pair => pair[0]).ToDictionary(same => same.Key, same => same.Last()[1]);

    [Fact]
    public void As_shipped_sets_nothing_but_what_places_it_on_the_testbed()
    {
        var main = MainCf(Postfix(SystemVariant.AsShipped));
        Assert.Empty(main.Keys.Intersect(PostfixConfiguration.Tuned.Select(setting => setting.Key)));
        Assert.Equal("permit_mynetworks, reject", main["smtpd_relay_restrictions"]);
        Assert.Equal("127.0.0.0/8", main["mynetworks"]);
        Assert.Equal("127.0.0.1", main["inet_interfaces"]);
        Assert.Equal("", main["mydestination"]);
    }

    [Fact]
    public void Tuned_lies_over_as_shipped_and_a_profiles_own_settings_over_both()
    {
        var main = MainCf(Postfix(SystemVariant.Tuned, ("default_process_limit", "300")));
        Assert.Equal("300", main["default_process_limit"]);
        Assert.Equal("100", main["default_destination_concurrency_limit"]);
        var features = new PostfixAdapter().Features(Postfix(SystemVariant.Tuned, ("default_process_limit", "300")));
        Assert.Equal("100 per domain, 300 in all", features["concurrency"]);
        Assert.Equal("tuned", features["variant"]);
        Assert.Equal("across-messages", features["reuse"]);
        Assert.All(PostfixConfiguration.Tuned, setting => Assert.NotEmpty(setting.Source));
    }

    [Theory]
    [InlineData("mynetworks")]
    [InlineData("smtpd_relay_restrictions")]
    [InlineData("queue_directory")]
    public void It_can_be_made_neither_an_open_relay_nor_leave_its_spool(string key) =>
        Assert.Contains(key, PostfixConfiguration.Refusal(Postfix(SystemVariant.AsShipped, (key, "0.0.0.0/0"))));

    [Fact]
    public void Every_service_has_the_eight_columns_of_master_cf() =>
        Assert.All(PostfixConfiguration.MasterCf().Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Equal(8, line.Split(' ').Length));

    [Fact]
    public void Files_that_hold_messages_are_counted_and_logs_about_them_are_not()
    {
        Assert.Equal(0, PostfixQueue.Count(_spool));
        foreach (var file in new[] { "maildrop/A1", "incoming/B2", "active/C3", "deferred/D/D4", "deferred/E/E5", "hold/F6", "defer/D/D4", "bounce/G7", "pid/master.pid" })
        {
            Directory.CreateDirectory(Path.Combine(_spool, Path.GetDirectoryName(file)!));
            File.WriteAllText(Path.Combine(_spool, file), "");
        }

        Assert.Equal(6, PostfixQueue.Count(_spool));
    }

    [Fact]
    public void A_line_of_the_listing_gives_its_undelivered_recipients()
    {
        const string line = """{"queue_name": "deferred", "queue_id": "4B6C", "arrival_time": 1700000000, "message_size": 4500, "forced_expire": false, "sender": "ab1.2-0.17@source.test", "recipients": [{"address": "u0@d3.test", "delay_reason": "host mx0.test[127.0.1.1] said: 450 4.2.0 \"later\""}, {"address": "u7@d10.test"}]}""";
        Assert.Equal([new("ab1.2-0.17@source.test", "u0@d3.test"), new QueuedRecipient("ab1.2-0.17@source.test", "u7@d10.test")], PostfixQueue.ParseLine(line));
        Assert.Empty(PostfixQueue.ParseLine(""));
        Assert.Empty(PostfixQueue.ParseLine("{}"));
    }

    [Theory]
    [InlineData("postqueue: warning: Mail system is down")]
    [InlineData("""{"sender": 5, "recipients": [{}]}""")]
    [InlineData("""{"sender": "a", "recipients": [{"delay_reason": "x"}]}""")]
    public void Anything_else_is_an_error_and_never_an_empty_queue(string line) => Assert.Throws<InvalidDataException>(() => PostfixQueue.ParseLine(line));
}
