using MailBench.Analysis.Comparing;
using MailBench.Model.Nodes;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Runs.Sweep;
using MailBench.Runs.Testbed.Systems;
using MailBench.Testing;
using Xunit;

namespace MailBench.Unit.Runs.Systems;

public class MailSystemsTests
{
    private const string Yaml = """
        version: 1
        load: {sessions: 8, backlog: 700}
        systems:
          postfix: {optional: on, set: {load.sessions: 20, load.backlog: 600}}
        sweeps:
          - name: one
            set: {load.backlog: 500}
            axes:
              system: {postfix: {}, mailbench: {load.sessions: 64}}
          - name: tuned
            set: {system: postfix}
            axes:
              load.sessions: [10, 30]
        """;

    private static Profile Profile => ProfileReader.Read(Yaml, "p.yaml");

    [Fact]
    public void What_a_system_sets_wins_over_the_profile_and_loses_against_the_sweep() =>
        Assert.Equal(
            ["postfix 20 500", "mailbench 64 500", "postfix 10 600", "postfix 30 600"],
            RunPlan.Of(Profile).Points.Select(point => $"{point.System.Name} {point.Settings.Text("load.sessions")} {point.Settings.Text("load.backlog")}"));

    [Fact]
    public void An_optional_system_that_is_missing_takes_its_points_with_it_and_a_sentence_stays()
    {
        var (profile, leftOut) = MailSystems.WithoutMissing(Profile, _ => "Postfix is not installed.");
        Assert.Equal(["mailbench"], RunPlan.Of(profile).Points.Select(point => point.System.Name));
        Assert.Equal(["postfix was left out: Postfix is not installed."], leftOut);
        Assert.False(RunPlan.Of(profile).NeedsPrivateNetwork);
    }

    [Fact]
    public void Nothing_is_left_out_where_everything_is_here_or_nothing_is_optional()
    {
        Assert.Empty(MailSystems.WithoutMissing(Profile, _ => null).LeftOut);
        var required = ProfileReader.Read(Yaml.Replace("optional: on", "optional: off", StringComparison.Ordinal), "p.yaml");
        Assert.Equal(4, RunPlan.Of(MailSystems.WithoutMissing(required, _ => "Postfix is not installed.").Profile).Points.Count);
        Assert.True(RunPlan.Of(required).NeedsPrivateNetwork);
    }

    [Fact]
    public void A_system_that_is_to_hold_its_mail_says_so_in_its_settings_and_the_profiles_own_win()
    {
        var point = RunPlan.Of(ProfileReader.Read("version: 1\nsystem: p\nsystems: {p: {kind: postfix, settings: {in_flow_delay: 1s}}}\ncrossCheck: {rounds: 1}\nworkload: {size: 4KiB}", "p.yaml")).Points[0];
        Assert.Contains("smtpd_client_restrictions=check_client_access static:HOLD", MailSystems.FeaturesOf(point.System, point.Settings)["settings"]);
        Assert.Contains("in_flow_delay=1s", MailSystems.FeaturesOf(point.System, point.Settings)["settings"]);
        Assert.Null(MailSystems.Holding(new MailSystem("exim", SystemKind.Exim)));
    }

    [Fact]
    public void A_profile_of_which_nothing_is_left_is_refused_with_the_reason()
    {
        var alone = ProfileReader.Read(Yaml, "p.yaml", ["system=postfix"]);
        Assert.Contains("Postfix is not installed.", Assert.Throws<NodeRefusedException>(() => MailSystems.WithoutMissing(alone, _ => "Postfix is not installed.")).Message);
    }

    [Fact]
    public void A_setting_that_places_the_mta_on_the_testbed_is_refused_with_its_line()
    {
        var yaml = Yaml.Replace("optional: on", "settings: {queue_directory: /var/tmp}", StringComparison.Ordinal);
        Assert.Contains("p.yaml:6: systems.postfix: settings.queue_directory", Assert.Throws<ProfileException>(() => RunPlan.Of(ProfileReader.Read(yaml, "p.yaml"))).Message);
    }

    [Theory]
    [InlineData("core-one-recipient.yaml")]
    [InlineData("core-list.yaml")]
    [InlineData("bakeoff-quick.yaml")]
    public void Shipped_comparisons_declare_all_in_which_their_systems_differ(string name)
    {
        var path = Path.Combine(CliProcess.Checkout, "profiles", name);
        var profile = ProfileReader.Read(File.ReadAllText(path), path);
        var points = RunPlan.Of(profile).Points;
        var own = points.First(point => point.System.Kind == SystemKind.Mailbench);
        Assert.All(points.Where(point => point.System.Kind == SystemKind.Postfix), other => Assert.DoesNotContain(
            FeatureAxes.Differences(MailSystems.FeaturesOf(own.System, own.Settings), MailSystems.FeaturesOf(other.System, other.Settings), profile.Settings.List("compare.factors").ToHashSet()),
            difference => difference.Role == AxisDifference.Controlled));
    }
}
