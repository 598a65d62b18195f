using CsCheck;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Units;
using Xunit;

namespace MailBench.Unit.Profiles;

public class ProfileReaderTests
{
    private static readonly string[] Fragments =
        ["version: 1\n", "line", ": ", "\n", "  ", "[", "]", "{", "}", "- ", "\"", "'", "#", "axes", "sweeps", "name: a", "10Mbit/s", "&x", "*x", "!t", "|", ">", "%", "\0", "é", "\r\n", "...", "? "];

    private static string ErrorOf(string yaml, params string[] overrides) => Assert.Throws<ProfileException>(() => ProfileReader.Read(yaml, "p.yaml", overrides)).Message;

    [Fact]
    public void Every_default_of_the_table_is_valid_and_canonical()
    {
        foreach (var setting in SettingsTable.All)
            if (setting.Default is { } text) Assert.Equal(text, SettingForm.Canonical(setting, text, out _));
    }

    [Fact]
    public void Defaults_of_the_table_are_the_defaults_of_the_options()
    {
        Assert.Equal(new MtaSettings(), SettingValues.Defaults.ToMtaSettings());
        Assert.Equal(new GeneratedZone { Return = "127.0.3.1" }, SettingValues.Defaults.ToZone("127.0.1.0/24", "127.0.3.1"));
    }

    [Theory]
    [InlineData("line:\n  capasity: 10Mbit/s", "p.yaml:3: unknown key 'capasity' in line; did you mean 'capacity'?")]
    [InlineData("lnie:\n  capacity: 10Mbit/s", "p.yaml:2: unknown key 'lnie'; did you mean 'line'?")]
    [InlineData("strategy: per-mx-host", "p.yaml:2: unknown key 'strategy'; it belongs to 'mta' (mta.strategy).")]
    [InlineData("mta:\n  retry:\n    frist: 5s", "p.yaml:4: unknown key 'frist' in mta.retry; did you mean 'first'?")]
    [InlineData("mta:\n  strategy: per-host", "p.yaml:3: mta.strategy: expected one of per-recipient, per-domain, per-mx-set, per-mx-host, found 'per-host'.")]
    [InlineData("mta:\n  sessionsPerSite: 0", "p.yaml:3: mta.sessionsPerSite: expected a whole number, from 1 to 10000, found '0'.")]
    [InlineData("mta:\n  retry: 5s", "p.yaml:3: mta.retry: expected a mapping of settings (first, max, lifetime), found '5s'.")]
    [InlineData("mta:\n  pipelining: maybe", "p.yaml:3: mta.pipelining: expected on or off, found 'maybe'.")]
    [InlineData("phases:\n  steady: 7", "p.yaml:3: phases.steady: expected a duration such as 250ms, 8s or 5m, from 500ms to 7d, found '7'.")]
    [InlineData("workload:\n  mix: office\n  size: 4KiB", "workload.mix and workload.size exclude each other; give one of them.")]
    [InlineData("line: {delay: 1s, delay: 2s}", "p.yaml:2: 'delay' is given twice; it stands in line 2 already.")]
    [InlineData("sink:\n  refuse: ['rcpt:250']", "p.yaml:3: sink.refuse: expected a list, each item PHASE:CODE")]
    [InlineData("name: \"a\\n\"", "p.yaml:2: name: expected 1 to 60 letters")]
    [InlineData("dns:\n  suffix: \"test\\n\"", "p.yaml:3: dns.suffix: expected a domain name")]
    [InlineData("sweeps:\n  - axes: {}", "p.yaml:3: a sweep needs a name.")]
    [InlineData("sweeps:\n  - name: a\n    axes: {line.capacity: []}", "p.yaml:4: line.capacity: expected a list of values, or a mapping of values to the settings that go with each, found an empty list.")]
    [InlineData("sweeps:\n  - name: a\n    axes: {seed: [1, 2]}", "p.yaml:4: seed holds for the whole run and cannot be swept; set it at the top.")]
    [InlineData("sweeps:\n  - name: a\n    axes: {mta.strategie: [per-domain]}", "p.yaml:4: unknown setting 'mta.strategie'; did you mean 'mta.strategy'?")]
    [InlineData("sweeps:\n  - {name: a}\n  - {name: a}", "p.yaml:4: a second sweep is called 'a'; names tell points apart.")]
    public void Faults_name_file_line_and_what_is_expected(string body, string expected) => Assert.Contains(expected, ErrorOf("version: 1\n" + body));

    [Theory]
    [InlineData("name: x", "p.yaml:1: 'version' is missing")]
    [InlineData("version: one", "p.yaml:1: version: expected 1, found 'one'.")]
    [InlineData("version: 2\nfuture: true", "p.yaml:1: version 2 needs a newer MailBench")]
    [InlineData("version: 1\nline: &a\n  delay: 1s", "an anchor")]
    [InlineData("version: 1\nline: *a", "an alias")]
    [InlineData("version: !int 1", "a tag")]
    [InlineData("version: 1\nline:\n\tdelay: 1s", "p.yaml:3: a tab")]
    [InlineData("version: 1\n---\nversion: 1", "a second document")]
    [InlineData("version: [1", "not well-formed YAML")]
    [InlineData("- 1", "a profile is a mapping")]
    public void Malformed_files_are_refused_in_words(string yaml, string expected) => Assert.Contains(expected, ErrorOf(yaml));

    [Fact]
    public void Bombs_are_refused_quickly()
    {
        Assert.Contains("at most 1,048,576", ErrorOf("version: 1\n#" + new string('x', 1 << 20)));
        Assert.Contains("nested deeper", ErrorOf("version: 1\nline: " + new string('[', 200) + new string(']', 200)));
    }

    [Fact]
    public void All_faults_are_told_at_once() => Assert.Equal(3, ErrorOf("version: 1\nlnie: 1\nmta: {reuse: x}\nphases: {steady: y}").Split('\n').Length);

    [Fact]
    public void Overrides_win_over_set_and_axes_and_keep_what_goes_with_the_value()
    {
        const string Yaml = """
            version: 1
            sweeps:
              - name: a
                set: {phases.steady: 9s}
                axes:
                  line.capacity: {1.5Mbit/s: {load.backlog: 400}, 10Mbit/s: {load.backlog: 900}}
            """;
        var profile = ProfileReader.Read(Yaml, "p.yaml", ["line.capacity=10Mbit/s", "phases.steady=2s"]);
        var sweep = Assert.Single(profile.Sweeps);
        Assert.Empty(sweep.Set);
        var step = Assert.Single(Assert.Single(sweep.Axes).Steps);
        Assert.Equal("10Mbit/s", step.Value);
        Assert.Equal("900", Assert.Single(step.With).Value);
        Assert.Contains("--set lode.backlog=1: unknown setting 'lode.backlog'; did you mean 'load.backlog'?", ErrorOf(Yaml, "lode.backlog=1"));
        Assert.Contains("expected PATH=VALUE", ErrorOf(Yaml, "load"));
        Assert.Contains("--set load.backlog=many: load.backlog: expected a whole number", ErrorOf(Yaml, "load.backlog=many"));
    }

    [Fact]
    public void The_mta_section_reads_alone_and_under_its_key()
    {
        var alone = ProfileReader.ReadMtaSettings("strategy: per-domain\nretry: {first: 1s}\n", "m.yaml");
        var wrapped = ProfileReader.ReadMtaSettings("version: 1\nmta:\n  strategy: per-domain\n  retry: {first: 1s}\n", "m.yaml");
        Assert.Equal(DeliveryStrategy.PerDomain, alone.Strategy);
        Assert.Equal(TimeSpan.FromSeconds(1), alone.Retry.First);
        Assert.Equal(alone, wrapped);
        Assert.Equal(new MtaSettings(), ProfileReader.ReadMtaSettings("", "m.yaml"));
        Assert.Contains("m.yaml:1: unknown key 'stratgy' in mta; did you mean 'strategy'?", Assert.Throws<ProfileException>(() => ProfileReader.ReadMtaSettings("stratgy: x", "m.yaml")).Message);
        Assert.Contains("m.yaml: mta.retry.first 2h is above mta.retry.max 1h", Assert.Throws<ProfileException>(() => ProfileReader.ReadMtaSettings("retry: {first: 2h}", "m.yaml")).Message);
        Assert.Contains("m.yaml:1:", Assert.Throws<ProfileException>(() => ProfileReader.ReadMtaSettings("retry: {first: 0s}", "m.yaml")).Message);
    }

    [Fact]
    public void A_written_mta_section_reads_back()
    {
        var values = SettingValues.Defaults.With("mta.strategy", "per-mx-set").With("mta.maxMessageSize", "1MiB").With("mta.queuePath", "/a \"b\"");
        Assert.Equal(values.ToMtaSettings(), ProfileReader.ReadMtaSettings(ProfileText.WriteSection(values, "mta"), "m.yaml"));
    }

    [Fact]
    public void A_line_may_differ_by_direction()
    {
        var profile = ProfileReader.Read("version: 1\nline:\n  capacity: {forward: 1.5Mbit/s, reverse: unlimited}", "p.yaml");
        var capacity = profile.Settings.Capacity("line.capacity");
        Assert.Equal(new BitRate(1_500_000), capacity.Forward);
        Assert.True(capacity.Reverse.IsUnlimited);
        Assert.Equal("1.5Mbit/s/unlimited", profile.Settings.Text("line.capacity"));
    }

    [Fact]
    public void Stages_are_written_in_the_words_of_load_testing()
    {
        var profile = ProfileReader.Read("version: 1\nload: {model: open, stages: [rampingInject 100/s for 2s, inject 100/s for 5s, pause 1s]}", "p.yaml");
        Assert.Equal(
            [new LoadStage(LoadStageKind.RampingInject, new Rate(100), 0, TimeSpan.FromSeconds(2)), new LoadStage(LoadStageKind.Inject, new Rate(100), 0, TimeSpan.FromSeconds(5)), new LoadStage(LoadStageKind.Pause, default, 0, TimeSpan.FromSeconds(1))],
            profile.Settings.ToLoad().Stages);
        Assert.Contains("keepConstant does not fit load.model open", Assert.Throws<FormatException>(() =>
            ProfileReader.Read("version: 1\nload: {model: open, stages: [keepConstant 5 for 1s]}", "p.yaml").Settings.ToLoad()).Message);
    }

    [Fact]
    public void One_sweep_may_be_chosen_and_an_unknown_one_is_named_with_the_nearest()
    {
        var profile = ProfileReader.Read("version: 1\nsweeps:\n  - {name: lines, axes: {line.delay: [1ms, 2ms]}}\n  - {name: limits, set: {line.delay: 3ms}}\n", "p.yaml");
        Assert.Equal(["limits"], profile.Only(["limits"]).Sweeps.Select(sweep => sweep.Name));
        Assert.Equal(2, profile.Only([]).Sweeps.Count);
        Assert.Equal("p.yaml: --sweep limit: the profile has no such sweep. Did you mean 'limits'?", Assert.Throws<ProfileException>(() => profile.Only(["lines", "limit"])).Message);
    }

    [Fact]
    public void Arbitrary_text_is_read_or_refused_in_words_never_otherwise()
    {
        var fragment = Gen.Int[0, Fragments.Length - 1];
        fragment.Array[0, 30].Sample(parts =>
        {
            try
            {
                ProfileReader.Read(string.Concat(parts.Select(part => Fragments[part])), "p.yaml");
            }
            catch (ProfileException)
            {
                // Refused in words.
            }
        }, iter: 3000);
    }
}
