using System.Net;
using System.Text.Json.Nodes;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Peers.Load;

namespace MailBench.Peers.Poll;

/// <summary>Users who poll (<see cref="LoadNode"/>).</summary>
public sealed class PollNode : LoadNode
{
    private readonly PollOptions? _options;
    private readonly PollCounters _counters = new();

    /// <summary><paramref name="options"/>: how to poll; null only under <paramref name="control"/>, where each <c>begin</c> brings its own. <paramref name="log"/>: for a person; null: silent.</summary>
    public PollNode(PollOptions? options, bool control, TextWriter? log = null) : base("poll", new TrialId("alone", 0, 0), control, log)
    {
        if (options is null && !control) throw new ArgumentException("Users who poll alone need options.", nameof(options));
        _options = options;
    }

    private protected override IPEndPoint Target => _options!.Server;

    public override IReadOnlyDictionary<string, double> Counters() => _counters.ToSnapshot();

    private protected override Task RehearseAsync() => PollRehearsal.RunAsync(Loop, _options?.Protocol ?? PollProtocol.Pop3);

    private protected override async Task<ILoadTrial> PrepareAsync(BeginTrialCommand begin)
    {
        var options = begin.Poll ?? _options ?? throw new InvalidOperationException("begin: the users have been told no options, neither here nor at their start.");
        var limits = SystemLimits.For(options);
        await LogAsync(limits.Describe(options));
        var events = OpenEvents(begin, Role, "");
        try
        {
            return await Loop.RunAsync(() => new PollTrial(Loop, options, limits, _counters, events, begin.Trial));
        }
        catch
        {
            events?.Dispose();
            throw;
        }
    }

    private protected override async Task<bool> TryPerformAsync(NodeCommand command, ILoadTrial? trial)
    {
        if (command is not UsersCommand users || trial is not PollTrial polls) return false;
        await Loop.RunAsync(() => polls.SetActive(users.Active));
        return true;
    }

    private protected override JsonObject CountsOfNothing() => new PollBooks(_counters, null, long.MaxValue).Counts(0);
}
