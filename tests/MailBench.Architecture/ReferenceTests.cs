using System.Reflection;
using Xunit;

namespace MailBench.Architecture;

/// <summary>Who may see whom (INTERNALS.md: arrows). Two absences are sacred: the load never sees the MTA, the analysis never sees the runner.</summary>
public sealed class ReferenceTests
{
    public static TheoryData<string, string[]> Arrows => new()
    {
        { "MailBench.Model", [] },
        { "MailBench.Wire", [] },
        { "MailBench.Transport", ["MailBench.Model", "MailBench.Wire"] },
        { "MailBench.Mta", ["MailBench.Model", "MailBench.Wire", "MailBench.Transport"] },
        { "MailBench.Peers", ["MailBench.Model", "MailBench.Wire", "MailBench.Transport"] },
        { "MailBench.Runs", ["MailBench.Model"] },
        { "MailBench.Analysis", ["MailBench.Model"] },
        { "MailBench.Reports", ["MailBench.Model", "MailBench.Analysis"] },
    };

    [Theory]
    [MemberData(nameof(Arrows))]
    public void A_project_sees_only_what_it_may(string project, string[] allowed)
    {
        var seen = Assembly.Load(project).GetReferencedAssemblies().Select(a => a.Name!).Where(name => name.StartsWith("MailBench.", StringComparison.Ordinal));
        Assert.Empty(seen.Except(allowed));
    }

    [Theory]
    [InlineData("MailBench.Wire")]
    [InlineData("MailBench.Analysis")]
    public void Pure_projects_use_no_sockets(string project) =>
        Assert.DoesNotContain(Assembly.Load(project).GetReferencedAssemblies(), a => a.Name == "System.Net.Sockets");

    [Fact]
    public void Only_reports_draw() =>
        Assert.All(Arrows.Select(row => row.Data.Item1).Where(p => p != "MailBench.Reports"), project =>
            Assert.DoesNotContain(Assembly.Load(project).GetReferencedAssemblies(), a => a.Name is "ScottPlot" or "SkiaSharp"));
}
