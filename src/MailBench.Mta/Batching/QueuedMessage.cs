using MailBench.Mta.Queue;
using MailBench.Mta.Routing;

namespace MailBench.Mta.Batching;

/// <summary>A recipient on its way: its route, and where along it the recipient stands.</summary>
/// <param name="Recipient">Index into the entry's recipients.</param>
/// <param name="Host">Index into the route's hosts of the host that is being tried; meaningful for per-mx-host only.</param>
/// <param name="Returns">How often it came back from a broken session.</param>
/// <param name="QueuedNs">When it was added.</param>
public readonly record struct QueuedRecipient(int Recipient, Route Route, short Host, short Returns, long QueuedNs);

/// <summary>The recipients of one message in one site's queue, in order of arrival; a link of the queue's list. Recycled by the batcher.</summary>
internal sealed class QueuedMessage
{
    private QueuedRecipient[] _recipients = new QueuedRecipient[1];
    private int _head;

    public QueueEntry Entry { get; set; } = null!;
    public QueuedMessage? Previous { get; set; }
    public QueuedMessage? Next { get; set; }
    public int Count { get; private set; }

    /// <summary>Part of it has been sent from this queue.</summary>
    public bool IsBegun { get; set; }

    public void Append(in QueuedRecipient recipient)
    {
        if (_head + Count == _recipients.Length) MakeRoom();
        _recipients[_head + Count++] = recipient;
    }

    public QueuedRecipient TakeFirst()
    {
        var first = _recipients[_head];
        _recipients[_head] = default;
        _head++;
        Count--;
        return first;
    }

    /// <summary>Empties it for another use.</summary>
    public void Clear()
    {
        Array.Clear(_recipients, _head, Count);
        if (_recipients.Length > 128) _recipients = new QueuedRecipient[1];
        Entry = null!;
        Previous = Next = null;
        IsBegun = false;
        _head = Count = 0;
    }

    private void MakeRoom()
    {
        var target = _head > Count ? _recipients : new QueuedRecipient[Math.Max(4, _recipients.Length * 2)];
        Array.Copy(_recipients, _head, target, 0, Count);
        if (ReferenceEquals(target, _recipients)) Array.Clear(_recipients, Count, _head);
        _recipients = target;
        _head = 0;
    }
}
