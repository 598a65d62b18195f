using System.CommandLine;
using MailBench.Cli;
using MailBench.Cli.Commands;
using MailBench.Model.Options;
using Xunit;

namespace MailBench.Unit.Cli;

public sealed class SourceCommandOptionsTests
{
    [Fact]
    public void A_rate_is_an_open_loop_with_even_spacing()
    {
        var options = Read("--to 127.0.0.1:2525 --rate 200/s --duration 10s --recipients 5 --domains 7 --pipelining off --seed 4")!;
        Assert.Equal(LoadModel.Open, options.Load.Model);
        var stage = Assert.Single(options.Load.Stages);
        Assert.Equal((LoadStageKind.Inject, 200.0), (stage.Kind, stage.Rate.PerSecond));
        Assert.Equal(TimeSpan.FromSeconds(10), options.Load.Duration);
        Assert.Equal((5, 7, false, true, 4), (options.Workload.Recipients, options.Workload.Domains, options.Workload.Pipelining, options.Workload.Reuse, options.Workload.Seed));
        Assert.Equal(4096, options.Workload.Size!.Value.Bytes);
    }

    [Fact]
    public void Sessions_are_users_of_a_closed_loop()
    {
        var options = Read("--to [::1]:2525 --sessions 16 --count 100 --mix mobile --reuse off")!;
        Assert.Equal((LoadModel.Closed, 100L, 16), (options.Load.Model, options.Load.Count, options.Load.Stages[0].Users));
        Assert.Equal(("mobile", false), (options.Workload.Mix, options.Workload.Reuse));
        Assert.Null(options.Workload.Size);
    }

    [Fact]
    public void A_bare_rate_is_per_second() => Assert.Equal(50, Read("--to 127.0.0.1:1 --rate 50 --count 1")!.Load.Stages[0].Rate.PerSecond);

    [Fact]
    public void Under_control_all_may_come_with_begin()
    {
        Assert.Null(Read("--control"));
        Assert.Equal(500, Read("--control --to 127.0.0.1:25 --backlog 500")!.Load.BacklogRecipients);
    }

    [Theory]
    [InlineData("", "--to")]
    [InlineData("--to 127.0.0.1:25 --count 1", "--rate, --sessions and --backlog")]
    [InlineData("--to 127.0.0.1:25 --rate 5/s", "--count or --duration")]
    [InlineData("--to 127.0.0.1:25 --rate 5/s --sessions 3 --count 1", "--rate and --sessions")]
    [InlineData("--to 127.0.0.1:25 --backlog 100 --count 1", "--backlog needs --control")]
    [InlineData("--to 127.0.0.1:25 --rate 5/s --count 1 --size 4KiB --mix office", "--size and --mix")]
    [InlineData("--to 127.0.0.1:25 --rate 5/s --count 1 --users 5 --domains 5", "--users and --domains")]
    [InlineData("--to 127.0.0.1:25 --sessions 5 --count 1 --max-sessions 5", "--max-sessions contradicts --sessions")]
    [InlineData("--to 127.0.0.1 --rate 5/s --count 1", "ADDRESS:PORT")]
    [InlineData("--to 127.0.0.1:25 --rate fast --count 1", "--rate: 'fast'")]
    [InlineData("--to 127.0.0.1:25 --rate 0/s --count 1", "--rate: '0/s'")]
    [InlineData("--to 127.0.0.1:25 --rate 5/s --count 0", "--count: 0")]
    [InlineData("--to 127.0.0.1:25 --rate 5/s --duration 0s", "--duration: 0")]
    [InlineData("--to 127.0.0.1:25 --rate 5/s --duration soon", "--duration: 'soon'")]
    [InlineData("--to 127.0.0.1:25 --rate 5/s --count 1 --size big", "--size: 'big'")]
    [InlineData("--to 127.0.0.1:25 --rate 5/s --count 1 --recipients 0", "--recipients: 0")]
    [InlineData("--to 127.0.0.1:25 --rate 5/s --count 1 --reuse maybe", "--reuse: 'maybe'")]
    public void Says_which_option_is_wrong_or_missing(string line, string named) =>
        Assert.Contains(named, Assert.Throws<UsageException>(() => Read(line)).Message, StringComparison.Ordinal);

    private static SourceOptions? Read(string line)
    {
        var options = new SourceCommandOptions();
        var command = new Command("source");
        options.AddTo(command);
        var parsed = command.Parse(line);
        Assert.Empty(parsed.Errors);
        return options.Read(parsed);
    }
}
