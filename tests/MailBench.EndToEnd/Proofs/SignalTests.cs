using System.Diagnostics;
using MailBench.EndToEnd.Mta;
using MailBench.Testing.Processes;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>How a node ends (cli.md, Nodes): SIGTERM or SIGINT lets open transactions finish, the object of counts is the last line, the exit code 0; a second signal ends it at once.</summary>
public sealed class SignalTests
{
    private const int Sigint = 2, Sigterm = 15;

    private static readonly string[] Mta = ["accepted", "delivered", "deferred", "failed", "queued", "dsns", "sessionsIn", "sessionsOut", "transactionsOut", "dnsQueries", "syncs"];
    private static readonly string[] Sink = ["sessions", "transactions", "messages", "recipients", "octets", "refused"];
    private static readonly string[] Dns = ["queries", "byType", "byRcode"];
    private static readonly string[] Line = ["wireOctetsForward", "wireOctetsReverse", "seconds"];
    private static readonly string[] Source = ["offered", "accepted", "refused", "failed", "waiting", "late", "responseMs", "latenessMs", "serviceMs"];

    [Theory]
    [InlineData("mta", Sigterm, "--listen", "127.0.0.1:0", "--queue", "FOLDER/queue", "--dns", "127.0.0.1:1", "--hostname", "mta.test")]
    [InlineData("sink", Sigterm, "--listen", "127.0.0.1:0")]
    [InlineData("sink", Sigint, "--listen", "[::1]:0")]
    [InlineData("dns", Sigterm, "--listen", "127.0.0.1:0", "--generate", "domains=1,mx=1")]
    [InlineData("line", Sigterm, "--listen", "127.0.0.1:0=127.0.0.1:1", "--capacity", "10Mbit/s")]
    [InlineData("source", Sigterm, "--to", "SINK", "--rate", "50", "--duration", "1h")]
    public async Task A_signal_ends_a_node_with_its_counts_and_exit_0(string role, int signal, params string[] arguments)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs POSIX signals");
        if (signal == Sigint && Interrupts.WhyNot() is { } reason) Assert.Skip(reason);
        Assert.SkipWhen(arguments.Contains("[::1]:0") && !System.Net.Sockets.Socket.OSSupportsIPv6, "this machine has no IPv6");
        await using var bench = NodeBench.Start(save: false);
        var node = bench.Start([role, .. arguments.Select(argument => argument.Replace("FOLDER", bench.Folder, StringComparison.Ordinal).Replace("SINK", bench.SinkEndPoint.ToString(), StringComparison.Ordinal))]);
        if (role == "source") await NodeBench.EventuallyAsync(() => SinkMessages(bench) > 20, () => "the source sends nothing");
        else node.ReadReady(role);

        node.Signal(signal);
        var (code, last) = await node.WaitForEndAsync();
        Assert.True(code == 0, $"exit code {code}: {await node.Error}");
        var counts = System.Text.Json.Nodes.JsonNode.Parse(last!)!.AsObject();
        Assert.All(role switch { "mta" => Mta, "sink" => Sink, "dns" => Dns, "line" => Line, _ => Source }, name => Assert.True(counts.ContainsKey(name), $"{name} is not in {last}"));
        if (role == "source") Assert.Equal((int)counts["offered"]!, (int)counts["accepted"]!);
    }

    [Theory]
    [InlineData("mta")]
    [InlineData("sink")]
    public async Task A_second_signal_ends_a_node_at_once_though_a_transaction_is_open(string role)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs POSIX signals");
        await using var bench = NodeBench.Start(save: false);
        if (role == "mta") bench.StartMta();
        var (node, endPoint) = role == "mta" ? (bench.Mta, bench.MtaEndPoint) : (bench.Sink, bench.SinkEndPoint);
        using var idle = await RawClient.GreetedAsync(endPoint);
        using var busy = await RawClient.GreetedAsync(endPoint);
        await busy.SayAsync("MAIL FROM:<a@source.test>");
        await busy.SayAsync("RCPT TO:<u0@d0.test>");
        Assert.StartsWith("354", await busy.SayAsync("DATA"), StringComparison.Ordinal);

        node.Signal(Sigterm);
        Assert.StartsWith("421 ", await idle.ReadAsync(), StringComparison.Ordinal);
        var watch = Stopwatch.StartNew();
        node.Signal(Sigterm);
        Assert.Equal(130, (await node.WaitForEndAsync()).Code);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"it took {watch.Elapsed.TotalSeconds:0.0} s, the patience for open transactions");
    }

    private static double SinkMessages(NodeBench bench) => bench.Sink.Ask(new Model.Nodes.SnapshotCommand()).Data![Model.Nodes.CounterNames.Messages]!.GetValue<double>();
}
