using MailBench.Model.Events;
using MailBench.Model.Records;

namespace MailBench.Analysis.Books;

/// <summary>
/// The books of one trial: a fold over its events, keyed (sequence, recipient). The order of the events does not matter. Memory: about 150 octets a message and
/// 13 a recipient; sequences beyond <see cref="MaxMessages"/>, and more recipients than that, are refused as corrupt.
/// </summary>
public sealed class TrialBooks
{
    public const int MaxMessages = 50_000_000;
    private const int MaxRecipients = 100_000;

    /// <summary>The largest backlog that a profile can ask for: no event runs further ahead of the others.</summary>
    private const int MaxAhead = 10_000_000;

    private readonly List<MessageBook?> _messages = [];
    private readonly List<PhaseSample> _phases = [];
    private long _recipients;

    /// <summary>Bookings beyond the first of a recipient.</summary>
    public long Duplicates { get; private set; }

    /// <summary>Messages by sequence; null: a number nobody mentioned.</summary>
    public IReadOnlyList<MessageBook?> Messages => _messages;
    public IReadOnlyList<PhaseSample> Phases => _phases;

    /// <summary>Takes one event; throws <see cref="InvalidDataException"/> for numbers that no writer of ours can have written.</summary>
    public void Add(in EventRecord e)
    {
        if (e.Sequence is < 0 or >= MaxMessages || e.Sequence > _messages.Count + MaxAhead || e.TimeNs < 0) throw new InvalidDataException($"An event names message {e.Sequence} at {e.TimeNs} ns: the event file is damaged.");
        if (e.Kind == EventKind.Phase)
        {
            _phases.Add(new PhaseSample((DialoguePhase)e.Recipient, e.TimeNs, e.ValueNs));
            return;
        }

        var message = Message(e.Sequence);
        switch (e.Kind)
        {
            case EventKind.Offered:
                message.IntendedNs = e.TimeNs;
                message.LatenessNs = e.ValueNs;
                break;
            case EventKind.Started:
                message.StartedNs = e.TimeNs;
                message.WaitingNs = e.ValueNs;
                if (e.Recipient is < 0 or > MaxRecipients) throw new InvalidDataException($"An event gives message {e.Sequence} {e.Recipient} recipients: the event file is damaged.");
                if ((_recipients += e.Recipient) > MaxMessages) throw new InvalidDataException($"The events offer more than {MaxMessages} recipients: the event file is damaged.");
                message.Recipients = Math.Max(message.Recipients, e.Recipient);
                break;
            case EventKind.Accepted:
                message.AcceptedNs = e.TimeNs;
                message.Fate = MessageFate.Accepted;
                break;
            case EventKind.Refused when e.Recipient >= 0:
                message.Mark(e.Recipient, RecipientSeen.RefusedAtTheDoor);
                break;
            case EventKind.Refused:
                if (message.Fate != MessageFate.Accepted) message.Fate = MessageFate.Refused;
                break;
            case EventKind.Failed:
                if (message.Fate == MessageFate.Open) message.Fate = MessageFate.Failed;
                break;
            case EventKind.Uncertain:
                if (message.Fate == MessageFate.Open) message.Fate = MessageFate.Uncertain;
                break;
            case EventKind.Booked when e.Recipient >= 0:
                if (!message.Book(e.Recipient, e.TimeNs)) Duplicates++;
                break;
            case EventKind.Returned when e.Recipient < 0:
                message.UnreadableReturns++;
                break;
            case EventKind.Returned:
                message.Mark(e.Recipient, RecipientSeen.Returned);
                break;
            case EventKind.Queued when e.Recipient >= 0:
                message.Mark(e.Recipient, RecipientSeen.Queued);
                break;
            case EventKind.Queued:
                message.QueuedReturns++;
                break;
            case EventKind.Discarded when e.Recipient >= 0:
                message.Mark(e.Recipient, RecipientSeen.Discarded);
                break;
        }
    }

    /// <summary>
    /// Closes the books: accepted = delivered + failed with DSN + discarded + still queued + lost, per recipient, the first that holds in this order. A recipient
    /// that was delivered and is also queued or returned counts as delivered (its duplicate may still come).
    /// </summary>
    public BooksSummary Close(bool countedNotBooked)
    {
        long offered = 0, accepted = 0, delivered = 0, failed = 0, discarded = 0, queued = 0, refused = 0, uncertain = 0, uncertainArrived = 0, lost = 0, unexpected = 0;
        foreach (var message in _messages)
        {
            if (message is null) continue;
            var tally = message.Tally();
            if (message.WasOffered) offered += Math.Max(1, message.Recipients);
            refused += message.Fate == MessageFate.Refused ? message.Recipients : tally.Refused;
            unexpected += tally.Booked - tally.Arrived;
            if (message.Fate == MessageFate.Uncertain)
            {
                uncertain += tally.Open;
                uncertainArrived += tally.Arrived;
            }

            if (message.Fate != MessageFate.Accepted) continue;
            accepted += tally.Open;
            delivered += tally.Arrived;
            failed += tally.Returned;
            discarded += tally.Discarded;
            queued += tally.Queued;
            lost += tally.Missing;
        }

        if (countedNotBooked) (queued, lost) = (queued + lost, 0);
        return new BooksSummary
        {
            Offered = offered,
            Accepted = accepted,
            Delivered = delivered,
            FailedWithDsn = failed,
            Discarded = discarded,
            StillQueued = queued,
            Refused = refused,
            Uncertain = uncertain,
            UncertainArrived = uncertainArrived,
            Duplicates = Duplicates,
            Lost = lost,
            Unexpected = unexpected,
            Close = lost == 0 && unexpected == 0,
            CountedNotBooked = countedNotBooked,
        };
    }

    /// <summary>The first accepted message of which a recipient is in no book, and the first such recipient; null: none is lost.</summary>
    public (long Sequence, int Recipient)? FirstLost()
    {
        for (var sequence = 0; sequence < _messages.Count; sequence++)
        {
            if (_messages[sequence] is not { Fate: MessageFate.Accepted } message || message.Tally().Missing == 0) continue;
            for (var recipient = 0; recipient < message.Recipients; recipient++)
                if (message.Seen(recipient) == RecipientSeen.Nowhere) return (sequence, recipient);
        }

        return null;
    }

    /// <summary>The stamps of all first bookings, ascending.</summary>
    public long[] DeliveryTimes()
    {
        var times = new List<long>();
        foreach (var message in _messages)
            foreach (var booked in message is null ? [] : message.BookedNs)
                if (booked >= 0) times.Add(booked);
        times.Sort();
        return [.. times];
    }

    private MessageBook Message(long sequence)
    {
        while (_messages.Count <= sequence) _messages.Add(null);
        return _messages[(int)sequence] ??= new MessageBook();
    }
}

/// <summary>The duration of one phase of a dialogue.</summary>
public readonly record struct PhaseSample(DialoguePhase Phase, long EndNs, long DurationNs);
