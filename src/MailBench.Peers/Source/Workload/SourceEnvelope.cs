using System.Buffers.Text;
using System.Text;
using MailBench.Model.Events;
using MailBench.Model.Options;
using MailBench.Wire.Smtp;

namespace MailBench.Peers.Source.Workload;

/// <summary>
/// The envelope of one message at a time, written into buffers of its own: reverse-path <c>RUN.POINT-REPETITION.SEQ@source.SUFFIX</c>
/// (<see cref="VerpAddress"/>) or the one of <see cref="WorkloadOptions.Sender"/>, recipient k <c>uK@dJ.SUFFIX</c> with J = (seq·recipients + k) mod domains, or <c>userM@mail.SUFFIX</c> with
/// M = (seq·recipients + k) mod users. A span of <see cref="Recipient"/> holds until the next call. Not for several threads.
/// </summary>
public sealed class SourceEnvelope : IClientEnvelope
{
    private readonly WorkloadOptions _options;
    private readonly byte[] _reversePath = new byte[320];
    private readonly byte[] _recipient = new byte[320];
    private readonly byte[] _reverseTail;
    private readonly byte[] _recipientTail;
    private readonly int _prefixLength;
    private int _reverseLength;
    private WireMessage? _message;

    public SourceEnvelope(TrialId trial, WorkloadOptions options)
    {
        _options = options;
        _prefixLength = Encoding.ASCII.GetBytes($"{trial}.", _reversePath);
        if (options.Sender is { } sender) _reverseLength = Encoding.ASCII.GetBytes(sender, _reversePath);
        _reverseTail = Encoding.ASCII.GetBytes($"@source.{options.Suffix}");
        _recipientTail = Encoding.ASCII.GetBytes(options.Users > 0 ? $"@mail.{options.Suffix}" : $".{options.Suffix}");
    }

    public long Sequence { get; private set; }
    public ReadOnlySpan<byte> ReversePath => _reversePath.AsSpan(0, _reverseLength);
    public int RecipientCount => _options.Recipients;
    public long SizeBytes => _message?.ContentOctets ?? -1;
    public BodyKind Body => _message?.Body ?? BodyKind.SevenBit;

    public void Address(long sequence, WireMessage message)
    {
        Sequence = sequence;
        _message = message;
        if (_options.Sender is null) _reverseLength = Append(_reversePath, AppendNumber(_reversePath, _prefixLength, sequence), _reverseTail);
    }

    public ReadOnlySpan<byte> Recipient(int index)
    {
        int length;
        if (_options.Users > 0)
        {
            length = AppendNumber(_recipient, Append(_recipient, 0, "user"u8), Slot(index, _options.Users));
        }
        else
        {
            length = AppendNumber(_recipient, Append(_recipient, 0, "u"u8), index);
            length = AppendNumber(_recipient, Append(_recipient, length, "@d"u8), Slot(index, _options.Domains));
        }

        return _recipient.AsSpan(0, Append(_recipient, length, _recipientTail));
    }

    /// <summary>The number by which a sink books recipient <paramref name="index"/> (<see cref="RecipientAddress"/>): itself, or its user's number.</summary>
    public int BookedIndex(int index) => _options.Users > 0 ? (int)Slot(index, _options.Users) : index;

    private long Slot(int index, int count) => (Sequence * _options.Recipients + index) % count;

    private static int AppendNumber(Span<byte> target, int at, long number)
    {
        Utf8Formatter.TryFormat(number, target[at..], out var written);
        return at + written;
    }

    private static int Append(Span<byte> target, int at, ReadOnlySpan<byte> text)
    {
        text.CopyTo(target[at..]);
        return at + text.Length;
    }
}
