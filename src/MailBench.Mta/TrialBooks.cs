using MailBench.Model.Events;
using MailBench.Mta.Queue;

namespace MailBench.Mta;

/// <summary>The MTA's part of a trial's books: which of the trial's recipients are still queued. On the MTA's loop only.</summary>
internal sealed class TrialBooks : IDisposable
{
    private readonly TrialId _trial;
    private readonly EventWriter? _events;

    /// <summary>Begins the event file, if there is to be one; throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> when it cannot be made.</summary>
    public TrialBooks(TrialId trial, string? eventsPath)
    {
        _trial = trial;
        if (eventsPath is not null) _events = EventWriter.Create(eventsPath, "mta", trial, suffix: "");
    }

    /// <summary>
    /// Writes a Queued event for each waiting recipient of the trial's messages; returns how many. DSNs (null reverse-path) and messages of other trials are not its business.
    /// Recipients that carry no index are written with -1, so that they are missed by nobody.
    /// </summary>
    public long WriteQueued(IEnumerable<QueueEntry> waiting, long nowNs)
    {
        var queued = 0L;
        foreach (var entry in waiting)
        {
            if (!VerpAddress.TryParseSequence(entry.ReversePath, _trial, out var sequence)) continue;
            foreach (var recipient in entry.Recipients)
            {
                if (recipient.State != RecipientState.Waiting) continue;
                if (!RecipientAddress.TryParseIndex(recipient.Address, out var index)) index = -1;
                _events?.Write(new EventRecord(EventKind.Queued, sequence, index, nowNs, 0, LastReplyCode(recipient.Reason)));
                queued++;
            }
        }

        _events?.Flush();
        return queued;
    }

    /// <summary>Recipients of the trial that were removed from the queue.</summary>
    public long Discarded { get; private set; }

    /// <summary>Writes a Discarded event, if the recipient is of this trial.</summary>
    public void WriteDiscarded(QueueEntry entry, int recipient, long nowNs)
    {
        if (!VerpAddress.TryParseSequence(entry.ReversePath, _trial, out var sequence)) return;
        if (!RecipientAddress.TryParseIndex(entry.Recipients[recipient].Address, out var index)) index = -1;
        _events?.Write(new EventRecord(EventKind.Discarded, sequence, index, nowNs, 0, 0));
        Discarded++;
    }

    public void Dispose() => _events?.Dispose();

    /// <summary>The reply code in a reason such as <c>mx0.test[127.0.1.1] said to RCPT: 450 4.2.0 later</c>; 0 when there was no reply.</summary>
    private static short LastReplyCode(string? reason)
    {
        var at = reason?.IndexOf(": ", StringComparison.Ordinal) ?? -1;
        return at >= 0 && reason!.Length >= at + 5 && short.TryParse(reason.AsSpan(at + 2, 3), out var code) && code is >= 200 and < 600 ? code : (short)0;
    }
}
