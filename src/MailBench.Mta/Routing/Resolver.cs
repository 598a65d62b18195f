using System.Diagnostics.CodeAnalysis;
using DnsClient;
using MailBench.Model.Units;
using MailBench.Transport;

namespace MailBench.Mta.Routing;

internal enum RecordKind
{
    Exchanges,

    /// <summary>A, and AAAA only where there is no A and IPv6 is usable: one query more for each host is what a dual look-up costs, and the mail arrives either way.</summary>
    Addresses,
}

/// <summary>
/// MX sets and addresses by DNS, with a cache: one question under way per name however many ask, CNAMEs followed, negative answers and (briefly) failures
/// remembered. While DNS is silent or failing, what it said last serves on within a bound (RFC 8767). State belongs to the loop; DnsClient's tasks post back to it.
/// </summary>
internal sealed class Resolver : IDisposable
{
    private readonly EventLoop _loop;
    private readonly RouterOptions _options;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly LookupClient _udp;
    private readonly LookupClient _tcp;
    private readonly ExpiringCache<(string, RecordKind), Answer> _cache;
    private readonly Dictionary<(string, RecordKind), Question> _open = [];
    private readonly Queue<Question> _waiting = new();

    /// <summary>Questions whose askers get a stale answer unless a new one comes in time, in the order of that.</summary>
    private readonly Queue<Question> _impatient = new();
    private readonly LoopTimer _patience;
    private readonly CancellationTokenSource _ended = new();
    private readonly Action<object?> _answered;
    private int _inFlight;
    private long _queries;

    public Resolver(EventLoop loop, RouterOptions options, TimeProvider time)
    {
        _loop = loop;
        _options = options;
        _time = time;
        _start = time.GetTimestamp();
        _cache = new ExpiringCache<(string, RecordKind), Answer>(options.CacheEntries);
        _patience = loop.CreateTimer(static state => ((Resolver)state!).ServeImpatient(), this);
        _answered = state => OnAnswered((Question)state!);
        _udp = new LookupClient(ClientOptions(tcp: false));
        _tcp = new LookupClient(ClientOptions(tcp: true));
    }

    public long Queries => Interlocked.Read(ref _queries);

    /// <summary>Time since construction: the clock of all lives here.</summary>
    public TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>Asks for the records of a normal name; <paramref name="done"/> runs on the loop, at once when the answer is cached.</summary>
    public void Ask(string name, RecordKind kind, Action<Answer> done)
    {
        if (_cache.TryGet((name, kind), Now, out var cached))
        {
            done(cached);
            return;
        }

        if (_open.TryGetValue((name, kind), out var open))
        {
            open.Askers.Add(done);
            return;
        }

        var question = new Question(name, kind);
        question.Askers.Add(done);
        _open.Add((name, kind), question);
        Send(question);
        if (!_cache.TryGetStale((name, kind), Now, out _)) return;
        question.PatienceNs = _loop.TurnNs + _options.StaleAfter.ToNs();
        _impatient.Enqueue(question);
        if (_impatient.Count == 1) _patience.Arm(question.PatienceNs);
    }

    public void Dispose()
    {
        if (_ended.IsCancellationRequested) return;
        _ended.Cancel();
        _open.Clear();
        _waiting.Clear();
        _impatient.Clear();
        _patience.Dispose();
    }

    private void Send(Question question)
    {
        if (_inFlight >= _options.MaxInFlight)
        {
            _waiting.Enqueue(question);
            return;
        }

        _inFlight++;
        // Off the loop: building and reading messages costs DnsClient some 100 µs. AnswerAsync ends by posting, whatever happens.
        question.Exchange = Task.Run(() => AnswerAsync(question));
    }

    private async Task AnswerAsync(Question question)
    {
        question.Answer = await QueryAsync(question.Asked, question.Type);
        _loop.Post(_answered, question);
    }

    /// <summary>One question over UDP, again after a time-out, over TCP when truncated (RFC 7766 §5). DnsClient would do that too, but uncounted.</summary>
    private async Task<Answer> QueryAsync(string name, QueryType type)
    {
        var failure = "";
        var client = _udp;
        for (var attempt = 0; attempt <= _options.Retries;)
        {
            try
            {
                Interlocked.Increment(ref _queries);
                return Answer.Read(await client.QueryAsync(name + ".", type, cancellationToken: _ended.Token), name, type, _options.IPv6);
            }
            catch (DnsResponseException truncated) when (client == _udp && IsTruncation(truncated))
            {
                // Not an attempt that failed: the same one goes on over TCP.
                client = _tcp;
            }
            catch (Exception failed) when (failed is not (OutOfMemoryException or ArgumentException))
            {
                // Whatever DnsClient makes of a foreign server's octets: the question ends with an answer, or its askers would wait for ever.
                if (_ended.IsCancellationRequested) return Answer.Failure(name, "the router has ended");
                failure = failed is DnsResponseException { Code: DnsResponseCode.ConnectionTimeout } or OperationCanceledException ? "no answer" : failed.Message;
                client = _udp;
                attempt++;
            }
            catch (ArgumentException unfit)
            {
                // A name that DnsClient does not take; asking again will not help.
                return Answer.Failure(name, unfit.Message);
            }
        }

        return Answer.Failure(name, $"{type} of {name}, asked {_options.Retries + 1} times of {_options.Dns}: {failure}");
    }

    /// <summary>DnsClient 1.8 has no code for it, only a sentence.</summary>
    private static bool IsTruncation(DnsResponseException failed) => failed.Message.Contains("truncated", StringComparison.OrdinalIgnoreCase);

    private void OnAnswered(Question question)
    {
        _inFlight--;
        if (_ended.IsCancellationRequested) return;
        if (_waiting.TryDequeue(out var next)) Send(next);

        var answer = question.Answer!;
        question.Ttl = answer.Ttl < question.Ttl ? answer.Ttl : question.Ttl;
        question.Aliases += answer.Aliases;
        if (answer.Status == AnswerStatus.Alias && question.Aliases <= Answer.MaxAliases)
        {
            question.Asked = answer.Name;
            Send(question);
        }
        else if (answer.Status == AnswerStatus.NoData && question.Type == QueryType.A && _options.IPv6)
        {
            question.Asked = answer.Name;
            question.Type = QueryType.AAAA;
            Send(question);
        }
        else
        {
            Finish(question, answer.Status == AnswerStatus.Alias
                ? Answer.Failure(question.Name, $"more than {Answer.MaxAliases} CNAMEs in a row from {question.Name}")
                : answer with { Ttl = question.Ttl });
        }
    }

    private void Finish(Question question, Answer answer)
    {
        var key = (question.Name, question.Kind);
        _open.Remove(key);
        question.Ended = true;
        if (answer.Status == AnswerStatus.Failed && TryRevive(key, out var stale))
        {
            question.Serve(stale);
            return;
        }

        // What came along is for those who wait now; later ones find it under its own name, for as long as its own TTL.
        Keep(key, answer with { Additional = [] });
        foreach (var host in answer.Additional) Keep((host.Host, RecordKind.Addresses), host.ToAnswer());
        question.Serve(answer);
    }

    /// <summary>The answer of before, for <see cref="RouterOptions.StaleTtl"/>, if it is not too old.</summary>
    private bool TryRevive((string, RecordKind) key, [NotNullWhen(true)] out Answer? stale)
    {
        if (!_cache.TryGetStale(key, Now, out stale)) return false;
        stale = stale with { Stale = true };
        _cache.Revive(key, stale, Now, _options.StaleTtl);
        return true;
    }

    private void ServeImpatient()
    {
        while (_impatient.TryPeek(out var question) && (question.Ended || question.PatienceNs <= _loop.TurnNs))
        {
            _impatient.Dequeue();
            if (!question.Ended && TryRevive((question.Name, question.Kind), out var stale)) question.Serve(stale);
        }

        if (_impatient.TryPeek(out var next)) _patience.Arm(next.PatienceNs);
    }

    private void Keep((string, RecordKind) key, Answer answer) => _cache.Set(key, answer, Now, LifeOf(answer), answer.Status == AnswerStatus.Found ? _options.MaxStale : default);

    /// <summary>How long the answer may be believed: its TTL within our limits.</summary>
    public TimeSpan LifeOf(Answer answer) => answer.Status switch
    {
        _ when answer.Stale => _options.StaleTtl,
        AnswerStatus.Found => answer.Ttl < _options.MaxTtl ? answer.Ttl : _options.MaxTtl,
        AnswerStatus.NoData or AnswerStatus.NoSuchName => answer.Ttl < _options.MaxNegativeTtl ? answer.Ttl : _options.MaxNegativeTtl,
        _ => _options.FailureTtl,
    };

    private LookupClientOptions ClientOptions(bool tcp) => new(_options.Dns)
    {
        AutoResolveNameServers = false,
        UseCache = false,
        UseTcpFallback = false,
        UseTcpOnly = tcp,
        Retries = 0,
        Timeout = _options.Timeout,
        ExtendedDnsBufferSize = _options.EdnsSize,
        ThrowDnsErrors = false,
        ContinueOnDnsError = false,
        ContinueOnEmptyResponse = false,
        EnableAuditTrail = false,
        Recursion = true,
    };

    /// <summary>One name and kind under way: what is being asked of DNS now (an alias may have led elsewhere), and who waits.</summary>
    private sealed class Question(string name, RecordKind kind)
    {
        public readonly string Name = name;
        public readonly RecordKind Kind = kind;
        public readonly List<Action<Answer>> Askers = [];
        public string Asked = name;
        public QueryType Type = kind == RecordKind.Exchanges ? QueryType.MX : QueryType.A;
        public TimeSpan Ttl = TimeSpan.MaxValue;
        public int Aliases;
        public Answer? Answer;

        /// <summary>When its askers are served a stale answer.</summary>
        public long PatienceNs;
        public bool Ended;

        /// <summary>The task under way; it never faults (QueryAsync turns failures into answers), and it is kept so that it has an owner.</summary>
        public Task? Exchange;

        public void Serve(Answer answer)
        {
            var askers = Askers.ToArray();
            Askers.Clear();
            foreach (var asker in askers) asker(answer);
        }
    }
}
