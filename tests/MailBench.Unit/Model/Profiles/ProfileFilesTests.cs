using MailBench.Model.Profiles;
using MailBench.Runs.Sweep;
using MailBench.Testing;
using Xunit;

namespace MailBench.Unit.Profiles;

public class ProfileFilesTests
{
    private const string Rewrite = "MAILBENCH_WRITE_SCHEMA";

    private static string Profiles => Path.Combine(CliProcess.Checkout, "profiles");

    public static TheoryData<string> Files => [.. Directory.GetFiles(Profiles, "*.yaml").Select(file => Path.GetFileName(file)!)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_profile_plans_and_its_resolved_form_gives_the_same_points(string name)
    {
        var path = Path.Combine(Profiles, name);
        var text = File.ReadAllText(path);
        Assert.StartsWith("# yaml-language-server: $schema=mailbench.schema.json", text);
        var profile = ProfileReader.Read(text, path);
        var resolved = ProfileText.Write(profile);
        var again = ProfileReader.Read(resolved, path);
        Assert.Equal(resolved, ProfileText.Write(again));
        var (plan, planned) = (RunPlan.Of(profile), RunPlan.Of(again));
        Assert.Equal(plan.Trials.Select(trial => trial.Point.Number), planned.Trials.Select(trial => trial.Point.Number));
        Assert.Equal(plan.Points.Select(point => string.Join(' ', point.Planned.Settings.Where(pair => pair.Key != "name"))), planned.Points.Select(point => string.Join(' ', point.Planned.Settings.Where(pair => pair.Key != "name"))));
    }

    [Fact]
    public void The_quick_start_is_estimated_under_three_minutes() =>
        Assert.True(RunEstimate.Of(RunPlan.Of(ProfileReader.Read(File.ReadAllText(Path.Combine(Profiles, "quickstart.yaml")), "quickstart.yaml"))) < TimeSpan.FromMinutes(2.9));

    [Fact]
    public void The_editors_schema_is_what_the_table_says()
    {
        var path = Path.Combine(Profiles, "mailbench.schema.json");
        var expected = ProfileSchema.Write();
        if (Environment.GetEnvironmentVariable(Rewrite) == "1") File.WriteAllText(path, expected);
        Assert.True(File.Exists(path) && File.ReadAllText(path) == expected, $"profiles/mailbench.schema.json is not what the settings table gives; run this test once with {Rewrite}=1 and commit the file.");
    }
}
