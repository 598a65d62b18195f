using MailBench.Model.Profiles;
using Xunit;

namespace MailBench.Unit.Profiles;

public class ProfileSystemsTests
{
    private const string Yaml = """
        version: 1
        system: postfix
        systems:
          batching: {kind: mailbench, set: {mta.strategy: per-mx-set, load.sessions: 64}}
          postfix:
            optional: on
            set: {load.sessions: 20}
          postfix-big:
            kind: postfix
            variant: tuned
            settings: {default_process_limit: 500, smtp_host_lookup: "dns, native"}
        """;

    private static Profile Read(string yaml, params string[] overrides) => ProfileReader.Read(yaml, "p.yaml", overrides);

    private static string ErrorOf(string yaml, params string[] overrides) => Assert.Throws<ProfileException>(() => Read(yaml, overrides)).Message;

    [Fact]
    public void A_profile_names_its_systems_and_every_kind_is_there_without()
    {
        var profile = Read(Yaml);
        Assert.Equal(["batching", "postfix", "postfix-big"], profile.Systems.Select(system => system.Name));
        Assert.Equal(SystemKind.Mailbench, profile.SystemNamed("batching").Kind);
        Assert.Equal([new("mta.strategy", "per-mx-set"), new("load.sessions", "64")], profile.SystemNamed("batching").Set);
        Assert.True(profile.SystemNamed("postfix") is { Kind: SystemKind.Postfix, Variant: SystemVariant.AsShipped, Optional: true });
        var big = profile.SystemNamed("postfix-big");
        Assert.True(big is { Variant: SystemVariant.Tuned, Optional: false });
        Assert.Equal([new("default_process_limit", "500"), new("smtp_host_lookup", "dns, native")], big.Settings);
        Assert.Equal(SystemKind.Mailbench, Read("version: 1").SystemNamed(Read("version: 1").Settings.Text("system")).Kind);
    }

    [Fact]
    public void The_resolved_profile_has_them_and_reads_back_the_same()
    {
        var text = ProfileText.Write(Read(Yaml));
        Assert.Equal(text, ProfileText.Write(Read(text)));
        Assert.Contains("postfix-big: {kind: postfix, variant: tuned, optional: off, settings: {default_process_limit: \"500\", smtp_host_lookup: \"dns, native\"}}", text);
    }

    [Fact]
    public void A_root_and_an_external_servers_place_are_read_and_written()
    {
        var profile = Read("version: 1\nsystems:\n  exim: {root: /srv/exim}\n  theirs: {kind: external, at: \"[::1]:2525\", optional: on}");
        Assert.Equal("/srv/exim", profile.SystemNamed("exim").Root);
        Assert.True(profile.SystemNamed("theirs") is { At: "[::1]:2525", IsForeign: true, IsEnclosed: false });
        Assert.Equal(ProfileText.Write(profile), ProfileText.Write(Read(ProfileText.Write(profile))));
    }

    [Fact]
    public void An_override_wins_over_what_a_system_sets() => Assert.Empty(Read(Yaml, "load.sessions=3").SystemNamed("postfix").Set);

    [Theory]
    [InlineData("system: postfx", "p.yaml:2: system: there is no system 'postfx'; did you mean 'postfix'?")]
    [InlineData("systems:\n  mta-a: {kind: postfix}\nsystem: mta-b", "p.yaml:4: system: there is no system 'mta-b'; did you mean 'mta-a'?")]
    [InlineData("sweeps:\n  - name: a\n    axes:\n      system: [mailbench, exchange]", "p.yaml:5: system: there is no system 'exchange'; known: mailbench, postfix")]
    [InlineData("systems:\n  mine: {variant: tuned}", "p.yaml:3: systems.mine: it needs a kind, one of mailbench, postfix")]
    [InlineData("systems:\n  mine: {kind: potsfix}", "p.yaml:3: kind: there is no 'potsfix'; did you mean 'postfix'?")]
    [InlineData("systems:\n  postfix:\n    varaint: tuned", "p.yaml:4: unknown key 'varaint' in systems.postfix; did you mean 'variant'?")]
    [InlineData("systems:\n  postfix:\n    set: {load.session: 5}", "p.yaml:4: unknown setting 'load.session'; did you mean 'load.sessions'?")]
    [InlineData("systems:\n  postfix:\n    set: {system: mailbench}", "p.yaml:4: systems.postfix: a system does not set 'system'.")]
    [InlineData("systems:\n  mailbench: {variant: tuned}", "p.yaml:3: variant is for foreign MTAs")]
    [InlineData("systems:\n  postfix: {settings: {\"a b\": c}}", "p.yaml:3: settings: 'a b' is no name of a setting")]
    [InlineData("systems:\n  postfix:\n    settings:\n      myorigin: \"a\\nqueue_directory = /\"", "p.yaml:5: settings.myorigin: expected one line")]
    [InlineData("systems:\n  Postfix: {kind: postfix}", "p.yaml:3: systems: a system's name is a word of 1 to 40 lower-case letters, digits and dashes, found 'Postfix'.")]
    [InlineData("systems: [postfix]", "p.yaml:2: systems: expected a mapping of names to systems")]
    [InlineData("systems:\n  postfix: tuned", "p.yaml:3: systems.postfix: expected a mapping with kind, variant, optional, root, at, settings, set, found 'tuned'.")]
    [InlineData("systems:\n  theirs: {kind: external}", "p.yaml:3: systems.theirs: an external server needs 'at: HOST:PORT'.")]
    [InlineData("systems:\n  theirs: {kind: external, at: somewhere}", "p.yaml:3: at: expected HOST:PORT, for example 127.0.0.1:2525, found 'somewhere'.")]
    [InlineData("systems:\n  theirs: {kind: external, at: \"127.0.0.1:25\", root: /x}", "p.yaml:3: root is for MTAs that the runner starts")]
    [InlineData("systems:\n  exim: {at: \"127.0.0.1:25\"}", "p.yaml:3: systems.exim: 'at' is for kind external")]
    [InlineData("systems:\n  postfix: {optional: perhaps}", "p.yaml:3: optional: expected on or off, found 'perhaps'.")]
    public void Faults_name_file_line_and_what_is_expected(string body, string expected) => Assert.Contains(expected, ErrorOf("version: 1\n" + body));

    [Fact]
    public void An_override_names_a_system_that_there_is() => Assert.Contains("--set system=postfix-bgi: system: there is no system 'postfix-bgi'; did you mean 'postfix-big'?", ErrorOf(Yaml, "system=postfix-bgi"));
}
