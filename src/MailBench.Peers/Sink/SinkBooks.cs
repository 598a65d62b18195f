using MailBench.Model.Events;

namespace MailBench.Peers.Sink;

/// <summary>
/// The books of the current trial: an event for each (ID, recipient), and the recipients that are to be told as credits. On the sink's loop only.
/// </summary>
internal sealed class SinkBooks
{
    private EventWriter? _events;
    private string? _path;

    /// <summary>Writing events failed: the books are lost, and with them the trial. The sentence says where and why.</summary>
    public event Action<string>? Broken;

    /// <summary>The current trial. A transaction books only into the trial in which it began.</summary>
    public TrialId? Trial { get; private set; }

    /// <summary>Recipients booked or returned since <see cref="TakeCredits"/>.</summary>
    public long Credits { get; private set; }

    /// <summary>Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> when the event file cannot be made.</summary>
    public void Begin(TrialId trial, string? eventsPath, string suffix)
    {
        End();
        if (eventsPath is not null) _events = EventWriter.Create(eventsPath, "sink", trial, suffix);
        _path = eventsPath;
        Trial = trial;
        Credits = 0;
    }

    /// <summary>The trial's events are on file after this; throws <see cref="IOException"/> when they are not.</summary>
    public void End()
    {
        Trial = null;
        var events = _events;
        _events = null;
        events?.Dispose();
    }

    /// <summary>The sequence number of a message of this trial, or -1.</summary>
    public long SequenceOf(ReadOnlySpan<byte> path) => Trial is not null && VerpAddress.TryParseSequence(path, Trial, out var sequence) ? sequence : -1;

    /// <summary>A message of this trial was taken for these recipients (-1: an address that no source made).</summary>
    public void Book(long sequence, ReadOnlySpan<int> recipients, long stampNs)
    {
        Credits += recipients.Length;
        foreach (var recipient in recipients) Write(new EventRecord(EventKind.Booked, sequence, recipient, stampNs, 0, 250));
    }

    /// <summary>A DSN reports this recipient failed (-1: unreadable).</summary>
    public void Return(long sequence, FailedRecipient failed, long stampNs)
    {
        Credits++;
        Write(new EventRecord(EventKind.Returned, sequence, failed.Index, stampNs, 0, failed.Code));
    }

    public long TakeCredits()
    {
        var credits = Credits;
        Credits = 0;
        return credits;
    }

    private void Write(in EventRecord record)
    {
        try
        {
            _events?.Write(record);
        }
        catch (IOException failed)
        {
            // What is in the file stays; nothing may be added behind a gap.
            _events = null;
            Broken?.Invoke($"events cannot be written to {_path}: {failed.Message}");
        }
    }
}
