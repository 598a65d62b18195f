using System.Net;
using System.Text.Json.Nodes;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Peers.Load;
using MailBench.Peers.Source.Books;
using MailBench.Peers.Source.Workload;

namespace MailBench.Peers.Source;

/// <summary>The source: a load generator over SMTP (<see cref="LoadNode"/>). It keeps its corpus while the workload stays the same.</summary>
public sealed class SourceNode : LoadNode
{
    private readonly SourceOptions? _options;
    private readonly SourceCounters _counters = new();
    private Corpus? _corpus;
    private WorkloadOptions? _corpusOptions;

    /// <summary>
    /// <paramref name="options"/>: what to send; null only under <paramref name="control"/>, where each <c>begin</c> brings its own. <paramref name="run"/>: the
    /// run part of message IDs when the source works alone. <paramref name="log"/>: for a person; null: silent.
    /// </summary>
    public SourceNode(SourceOptions? options, string run, bool control, TextWriter? log = null) : base("source", new TrialId(run, 0, 0), control, log)
    {
        if (options is null && !control) throw new ArgumentException("A source that works alone needs options.", nameof(options));
        _options = options;
    }

    private protected override IPEndPoint Target => _options!.To;

    public override IReadOnlyDictionary<string, double> Counters() => _counters.ToSnapshot();

    private protected override Task RehearseAsync() => SourceRehearsal.RunAsync(Loop, thorough: _options!.Load is { Model: LoadModel.Open, Count: 0 or >= 1000 });

    /// <summary>Throws <see cref="WorkloadException"/> or <see cref="ArgumentException"/> for options that cannot be carried out.</summary>
    private protected override async Task<ILoadTrial> PrepareAsync(BeginTrialCommand begin)
    {
        var options = begin.Source ?? _options ?? throw new InvalidOperationException("begin: the source has been told no options, neither here nor at its start.");
        var corpus = _corpus;

        // To whom it goes is no part of what is in it.
        var content = options.Workload with { Users = 0 };
        if (corpus is null || _corpusOptions != content)
        {
            // The old corpus goes before the new one comes: both together might not fit.
            _corpus = null;
            corpus = Corpus.Compose(options.Workload);
        }

        (_corpus, _corpusOptions) = (corpus, content);
        var events = OpenEvents(begin, Role, options.Workload.Suffix);
        try
        {
            return await Loop.RunAsync(() => new SourceTrial(Loop, begin.Trial, options, corpus, _counters, events) { NeverReached = NeverReached });
        }
        catch
        {
            events?.Dispose();
            throw;
        }
    }

    private protected override async Task<bool> TryPerformAsync(NodeCommand command, ILoadTrial? trial)
    {
        if (command is not CreditsCommand credits || trial is not SourceTrial source) return false;
        await Loop.RunAsync(() => source.Credit(credits.Recipients));
        return true;
    }

    private protected override JsonObject CountsOfNothing() => SourceCounts.Of(_counters, new SourceCounters(), null, 0);
}
