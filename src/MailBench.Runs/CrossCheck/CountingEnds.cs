using System.Globalization;
using System.Net;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;
using MailBench.Runs.Testbed;

namespace MailBench.Runs.CrossCheck;

/// <summary>One end of the load around a system under test, whoever wrote it: what injects mail, or what takes it, and counts.</summary>
internal interface ICountingEnd : IAsyncDisposable
{
    /// <summary>Ends with the reason when this end ends unasked.</summary>
    Task<RoleFailure> Failed { get; }

    /// <summary>Messages so far: those that an injector saw accepted, those that a sink took.</summary>
    Task<double> CountAsync(CancellationToken cancellationToken);
}

/// <summary>
/// Starts the ends of a turn, MailBench's own or Postfix's. The same load from every source: so many messages over a constant number of sessions that each keep sending, one recipient a message.
/// </summary>
internal sealed class CountingEnds(NodeProgram program, RunFolder folder, SettingValues settings, IPEndPoint host, TrialId trial, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly long _messages = settings.Integer("crossCheck.messages");
    private readonly string _sender = $"x@source.{settings.Text("dns.suffix")}";
    private readonly string _recipient = $"u0@d0.{settings.Text("dns.suffix")}";

    /// <summary>A sink that listens at the MX host. As root, smtp-sink wants to be told whose privileges it is to take.</summary>
    public async Task<ICountingEnd> SinkAsync(bool isOurs, CancellationToken cancellationToken)
    {
        if (!isOurs) return CountingTool.Start("smtp-sink", [.. Environment.IsPrivilegedProcess ? new[] { "-u", "nobody" } : [], "-c", host.ToString(), "1024"]);
        return await OwnAsync("sink", ["--listen", host.ToString()], 1, CounterNames.Messages, [new BeginTrialCommand(trial, null)], cancellationToken);
    }

    /// <summary>A source that sends to <paramref name="door"/> from now on.</summary>
    public async Task<ICountingEnd> SourceAsync(SourceTool tool, IPEndPoint door, CancellationToken cancellationToken)
    {
        var workload = settings.ToWorkload() with { Recipients = 1, Domains = 1 };
        var size = workload.Size!.Value.Bytes;
        if (tool == SourceTool.SmtpSource)
        {
            // -d: sessions are kept. It counts a message when its content is on the way, before the 250; that all were accepted the queue tells.
            var body = SmtpSourceMail.BodyOctets(size, _sender, _recipient).ToString(CultureInfo.InvariantCulture);
            return CountingTool.Start("smtp-source", ["-c", "-d", "-s", settings.Text("load.sessions"), "-l", body, "-m", _messages.ToString(CultureInfo.InvariantCulture), "-f", _sender, "-t", _recipient, door.ToString()], _messages);
        }

        if (tool == SourceTool.Own) workload = workload with { Size = null, Messages = await MailAsync(size, cancellationToken), Sender = _sender };
        var load = new LoadOptions { Model = LoadModel.Closed, Count = _messages, Stages = [new LoadStage(LoadStageKind.KeepConstant, default, settings.Integer("load.sessions"), TimeSpan.Zero)] };
        return await OwnAsync("source", [], 0, CounterNames.Accepted, [new BeginTrialCommand(trial, null) { Source = new SourceOptions { To = door, Load = load, Workload = workload } }, new StartLoadCommand()], cancellationToken);
    }

    /// <summary>A folder with smtp-source's mail, for a source that sends what it finds.</summary>
    private async Task<string> MailAsync(long size, CancellationToken cancellationToken)
    {
        var mail = Directory.CreateDirectory(Path.Combine(folder.Work, "cross-check-mail")).FullName;
        await File.WriteAllTextAsync(Path.Combine(mail, "1.eml"), SmtpSourceMail.Compose(size, _sender, _recipient), cancellationToken);
        return mail;
    }

    private async Task<ICountingEnd> OwnAsync(string role, IReadOnlyList<string> arguments, int listeners, string counter, IEnumerable<NodeCommand> commands, CancellationToken cancellationToken)
    {
        var node = await NodeProcess.StartAsync(program, role, arguments, listeners, new RoleLog(Path.Combine(folder.Logs, $"{role}.log"), $"{role} of the cross-check"), null, time, cancellationToken);
        try
        {
            foreach (var command in commands) await node.AskAsync(command, Patience, cancellationToken);
            return new OwnEnd(node, counter);
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>MailBench's source or sink, as a node.</summary>
    private sealed class OwnEnd(NodeProcess node, string counter) : ICountingEnd
    {
        public Task<RoleFailure> Failed => node.Failed;

        public async Task<double> CountAsync(CancellationToken cancellationToken) => (await Snapshots.OfAsync(node, cancellationToken)).GetValueOrDefault(counter);

        public ValueTask DisposeAsync() => node.DisposeAsync();
    }
}
