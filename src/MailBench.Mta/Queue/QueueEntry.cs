using System.Text;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Queue;

/// <summary>A message's number in its queue, unique over all directories and restarts; written in base 36.</summary>
public readonly record struct QueueId(long Value)
{
    public const int MaxLength = 13;

    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    public override string ToString()
    {
        Span<byte> text = stackalloc byte[MaxLength];
        return Encoding.ASCII.GetString(text[..Format(text)]);
    }

    /// <summary>Writes the written form, at most <see cref="MaxLength"/> octets; returns how many.</summary>
    public int Format(Span<byte> target)
    {
        Span<byte> text = stackalloc byte[MaxLength];
        var at = text.Length;
        var rest = Value;
        do
        {
            text[--at] = (byte)Digits[(int)(rest % 36)];
            rest /= 36;
        }
        while (rest > 0);
        text[at..].CopyTo(target);
        return text.Length - at;
    }

    /// <summary>Reads the written form, in either case; false when it is none.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out QueueId id)
    {
        id = default;
        long value = 0;
        foreach (var letter in text)
        {
            var digit = Digits.IndexOf(char.ToUpperInvariant(letter), StringComparison.Ordinal);
            if (digit < 0 || value > (long.MaxValue - digit) / 36) return false;
            value = (value * 36) + digit;
        }

        id = new QueueId(value);
        return text.Length > 0;
    }
}

/// <summary>What has become of a recipient. The number is the file format. INTERNALS.md has the state table.</summary>
public enum RecipientState : byte
{
    /// <summary>Not yet tried, or waiting for a retry.</summary>
    Waiting = 0,
    Delivered = 1,

    /// <summary>Given up; a DSN was queued unless the reverse-path is null.</summary>
    Failed = 2,

    /// <summary>Dropped by policy.</summary>
    Discarded = 3,
}

/// <summary>A recipient of a queued message. Owned by the MTA's loop; changed only together with <see cref="MessageQueue.Record"/>.</summary>
public sealed class RecipientEntry(byte[] address)
{
    /// <summary>The mailbox without angle brackets.</summary>
    public byte[] Address { get; } = address;
    public RecipientState State { get; set; }
    public int Attempts { get; set; }

    /// <summary>Unix milliseconds before which it is not tried again; 0: at once.</summary>
    public long NextAttemptUnixMs { get; set; }

    /// <summary>Last reply or error, for people.</summary>
    public string? Reason { get; set; }

    /// <summary>The domain, lower case, without trailing dot.</summary>
    public string Domain
    {
        get
        {
            var at = Array.LastIndexOf(Address, (byte)'@');
            return at < 0 ? "" : Encoding.UTF8.GetString(Address, at + 1, Address.Length - at - 1).TrimEnd('.').ToLowerInvariant();
        }
    }
}

/// <summary>A message that the queue has accepted: envelope, per-recipient state, and where its content is (the queue's own business).</summary>
public sealed class QueueEntry
{
    // A message is below 2 GiB: that and the three numbers below share sixteen octets, and an entry has 80.
    private readonly int _contentBytes;

    public required QueueId Id { get; init; }

    /// <summary>Empty: the null reverse-path.</summary>
    public required byte[] ReversePath { get; init; }
    public required RecipientEntry[] Recipients { get; init; }

    /// <summary>Octets of content, trace header included. What a damaged file claims beyond the largest message stays too large, or below zero.</summary>
    public required long ContentBytes { get => _contentBytes; init => _contentBytes = (int)Math.Clamp(value, -1, int.MaxValue); }
    public required long AcceptedUnixMs { get; init; }
    public BodyKind Body { get; init; }

    /// <summary>Where the queue keeps the content; only the queue reads it.</summary>
    internal object? Place { get; set; }

    /// <summary>The content, where it is still in memory: then nobody needs to read the queue's files. Null does not mean that there is none.</summary>
    internal IKeptContent? Kept { get; private set; }

    internal void Keep(IKeptContent content) => Kept = content;

    /// <summary>Its content is not wanted soon.</summary>
    internal void EndKeeping()
    {
        Kept?.Dispose();
        Kept = null;
    }

    /// <summary>The queue's number for it, where it has one.</summary>
    internal int Slot { get; set; }

    /// <summary>The number of its row in the flow's <see cref="MessageTable"/>; the flow's own.</summary>
    internal int Row { get; set; }

    /// <summary>Recipients still <see cref="RecipientState.Waiting"/>.</summary>
    public int Unfinished => Recipients.Count(r => r.State == RecipientState.Waiting);
}

/// <summary>A message to be queued: content as pieces in order, rented by the caller and returned by it once the queue has answered.</summary>
public readonly record struct NewMessage
{
    /// <summary>From <see cref="MessageQueue.ReserveId"/>; null: the queue takes the next one.</summary>
    public QueueId? Id { get; init; }
    public required byte[] ReversePath { get; init; }
    public required IReadOnlyList<byte[]> Recipients { get; init; }
    public required IReadOnlyList<ReadOnlyMemory<byte>> Content { get; init; }
    public BodyKind Body { get; init; }

    /// <summary>The entry that it becomes, untried.</summary>
    internal QueueEntry ToEntry(QueueId id, DateTimeOffset now)
    {
        long contentBytes = 0;
        for (var i = 0; i < Content.Count; i++) contentBytes += Content[i].Length;
        var recipients = new RecipientEntry[Recipients.Count];
        for (var i = 0; i < recipients.Length; i++) recipients[i] = new RecipientEntry(Recipients[i]);
        return new QueueEntry { Id = id, ReversePath = ReversePath, Recipients = recipients, ContentBytes = contentBytes, AcceptedUnixMs = now.ToUnixTimeMilliseconds(), Body = Body };
    }
}
