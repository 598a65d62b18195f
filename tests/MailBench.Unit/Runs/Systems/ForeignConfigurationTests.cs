using MailBench.Model.Profiles;
using MailBench.Runs.Testbed.Systems;
using Xunit;

namespace MailBench.Unit.Runs.Systems;

public sealed class ForeignConfigurationTests
{
    private static MailSystem Mta(SystemKind kind, SystemVariant variant = SystemVariant.AsShipped, params (string Key, string Value)[] settings) =>
        new("it", kind) { Variant = variant, Settings = [.. settings.Select(pair => new KeyValuePair<string, string>(pair.Key, pair.Value))] };

    private static string? Refusal(SystemKind kind, string key, string value) => kind switch
    {
        SystemKind.Exim => new EximAdapter().Refusal(Mta(kind, settings: (key, value))),
        SystemKind.Opensmtpd => new OpenSmtpdAdapter().Refusal(Mta(kind, settings: (key, value))),
        _ => new SendmailAdapter().Refusal(Mta(kind, settings: (key, value))),
    };

    [Theory]
    [InlineData(SystemKind.Exim, "queue_run_max", "10")]
    [InlineData(SystemKind.Exim, "max_rcpt", "1")]
    [InlineData(SystemKind.Opensmtpd, "mta-limit-max-conn-per-host", "20")]
    [InlineData(SystemKind.Sendmail, "confMCI_CACHE_SIZE", "8")]
    [InlineData(SystemKind.Sendmail, "queueDirectories", "4")]
    public void A_throughput_setting_is_taken(SystemKind kind, string key, string value) => Assert.Null(Refusal(kind, key, value));

    [Theory]
    [InlineData(SystemKind.Exim, "acl_smtp_rcpt", "accept")]
    [InlineData(SystemKind.Exim, "spool_directory", "/var/spool/exim4")]
    [InlineData(SystemKind.Exim, "queue_run_max", "${run{/bin/true}}")]
    [InlineData(SystemKind.Exim, "Begin-routers", "x")]
    [InlineData(SystemKind.Opensmtpd, "listen", "0.0.0.0")]
    [InlineData(SystemKind.Opensmtpd, "mta-limit-max-conn-per-host", "20 match")]
    [InlineData(SystemKind.Sendmail, "confSAFE_QUEUE", "False")]
    [InlineData(SystemKind.Sendmail, "FEATURE", "promiscuous_relay")]
    [InlineData(SystemKind.Sendmail, "confMCI_CACHE_SIZE", "syscmd(`x')")]
    [InlineData(SystemKind.Sendmail, "queueDirectories", "65")]
    public void What_would_move_it_open_it_or_run_something_is_refused_by_name(SystemKind kind, string key, string value) => Assert.Contains(key, Refusal(kind, key, value));

    [Fact]
    public void Tuned_lies_over_as_shipped_and_a_profiles_own_settings_over_both()
    {
        var shipped = EximConfiguration.Write(Mta(SystemKind.Exim), "sut.test");
        Assert.DoesNotContain("queue_run_max", shipped);
        Assert.Contains("accept hosts = 127.0.0.1\n", shipped);
        var tuned = EximConfiguration.Write(Mta(SystemKind.Exim, SystemVariant.Tuned, ("queue_run_max", "7"), ("max_rcpt", "3")), "sut.test");
        Assert.Contains("queue_run_max = 7\n", tuned);
        Assert.Contains("split_spool_directory = true\n", tuned);
        // An option of the transport stands in it, and not among the main ones.
        Assert.Contains("driver = smtp\n  max_rcpt = 3\n", tuned);
        Assert.DoesNotContain("\nmax_rcpt", tuned);
    }

    [Fact]
    public void OpenSmtpds_limits_are_lines_of_its_configuration_and_it_relays_for_this_host_alone()
    {
        var text = OpenSmtpdAdapter.Write(Mta(SystemKind.Opensmtpd, SystemVariant.Tuned, ("smtp-limit-max-rcpt", "50")), "sut.test");
        Assert.Contains("mta limit session-mail-max 1000000\n", text);
        Assert.Contains("smtp limit max-rcpt 50\n", text);
        Assert.Contains("match from local for any action \"out\"\n", text);
    }

    [Fact]
    public void Sendmail_with_several_queue_directories_names_them_by_a_pattern()
    {
        Assert.Contains("define(`QUEUE_DIR', `/var/spool/mqueue')dnl", SendmailConfiguration.Source(Mta(SystemKind.Sendmail), "sut.test"));
        var several = Mta(SystemKind.Sendmail, SystemVariant.AsShipped, ("queueDirectories", "4"), ("confMCI_CACHE_SIZE", "8"));
        Assert.Contains("define(`QUEUE_DIR', `/var/spool/mqueue/q*')dnl", SendmailConfiguration.Source(several, "sut.test"));
        Assert.Contains("define(`confMCI_CACHE_SIZE', `8')dnl", SendmailConfiguration.Source(several, "sut.test"));
        Assert.DoesNotContain("queueDirectories", SendmailConfiguration.Source(several, "sut.test"));
        Assert.Equal("4", new SendmailAdapter().Features(several)["queueDirectories"]);
        Assert.DoesNotContain("promiscuous_relay", SendmailConfiguration.Source(several, "sut.test"));
    }

    [Fact]
    public void All_vectors_state_the_same_axes_so_that_none_slips_through()
    {
        var postfix = new PostfixAdapter().Features(Mta(SystemKind.Postfix)).Keys.Order();
        Assert.Equal(postfix, new EximAdapter().Features(Mta(SystemKind.Exim)).Keys.Order());
        Assert.Equal(postfix, new OpenSmtpdAdapter().Features(Mta(SystemKind.Opensmtpd)).Keys.Order());
        Assert.Equal(postfix, new SendmailAdapter().Features(Mta(SystemKind.Sendmail)).Keys.Order());
    }

    [Fact]
    public void Every_tuned_setting_names_its_source() =>
        Assert.All(EximConfiguration.Tuned.Concat(OpenSmtpdAdapter.Tuned).Concat(SendmailConfiguration.Tuned), setting => Assert.Contains(":", setting.Source));

    [Fact]
    public void Of_alternative_dependencies_the_first_is_unpacked() =>
        Assert.Equal(["debconf", "libc6", "libgnutls-dane0"], PackageRoot.FirstChoices("exim4-daemon-light\n |Depends: debconf\n  Depends: <debconf-2.0>\n  PreDepends: libc6\n  Depends: libgnutls-dane0\n"));
}
