using MailBench.Model.Options;

namespace MailBench.Peers.Source.Workload;

/// <summary>
/// The messages of a workload, all in memory before the load starts, so that neither composing nor a disk disturbs the timing. Message i of a trial
/// is number i modulo the corpus's length. The same options give the same octets, always.
/// </summary>
public sealed class Corpus
{
    /// <summary>Octets of content that a corpus may hold; real mail beyond it is refused, synthetic mail gets fewer distinct messages.</summary>
    public const long MemoryLimitBytes = 256L << 20;

    private readonly WireMessage[] _messages;

    private Corpus(WireMessage[] messages) => _messages = messages;

    public int Count => _messages.Length;

    public WireMessage this[long sequence] => _messages[(int)(sequence % _messages.Length)];

    /// <summary>
    /// Composes or reads the corpus; throws <see cref="WorkloadException"/> when the options contradict each other, or name a mix that is
    /// none or mail that cannot be used.
    /// </summary>
    public static Corpus Compose(WorkloadOptions options)
    {
        Validate(options);
        IEnumerable<byte[]> contents = options switch
        {
            { Size: { } size } => SizedMail.Compose(size.Bytes, options),
            { Mix: { } mix } => MailMix.Compose(mix, options),
            { Messages: { } path } => RealMail.Read(path, MemoryLimitBytes),
            _ => throw new WorkloadException("A workload needs one of size, mix and messages."),
        };
        return new Corpus([.. contents.Select(content => WireMessage.Of(content))]);
    }

    private static void Validate(WorkloadOptions options)
    {
        var kinds = (options.Size is null ? 0 : 1) + (options.Mix is null ? 0 : 1) + (options.Messages is null ? 0 : 1);
        if (kinds > 1) throw new WorkloadException("Size, mix and messages exclude each other: a workload has one of them.");
        if (options.Recipients < 1) throw new WorkloadException($"A message needs at least one recipient, not {options.Recipients}.");
        if (options.Domains < 1) throw new WorkloadException($"Recipients need at least one domain, not {options.Domains}.");
        if (options.Users > 0 && options.Recipients > options.Users)
            throw new WorkloadException($"{options.Recipients} distinct recipients a message do not exist among {options.Users} users.");
        if (options.Suffix.Length is 0 or > 200 || options.Suffix.AsSpan().ContainsAny(" <>@\r\n\t"))
            throw new WorkloadException($"'{options.Suffix}' is no domain suffix; write for example test.");
    }
}

/// <summary>The workload cannot be had: what, where and what to do.</summary>
public sealed class WorkloadException : Exception
{
    public WorkloadException(string message) : base(message) { }

    public WorkloadException(string message, Exception inner) : base(message, inner) { }

    public WorkloadException() { }
}
