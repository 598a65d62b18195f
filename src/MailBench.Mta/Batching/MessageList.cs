namespace MailBench.Mta.Batching;

/// <summary>Messages of one site's queue in order; linked through the messages themselves.</summary>
internal struct MessageList
{
    public QueuedMessage? First { get; private set; }
    public QueuedMessage? Last { get; private set; }

    public void AddLast(QueuedMessage message)
    {
        message.Previous = Last;
        message.Next = null;
        if (Last is null) First = message;
        else Last.Next = message;
        Last = message;
    }

    public void AddFirst(QueuedMessage message)
    {
        message.Previous = null;
        message.Next = First;
        if (First is null) Last = message;
        else First.Previous = message;
        First = message;
    }

    public void Remove(QueuedMessage message)
    {
        if (message.Previous is null) First = message.Next;
        else message.Previous.Next = message.Next;
        if (message.Next is null) Last = message.Previous;
        else message.Next.Previous = message.Previous;
        message.Previous = message.Next = null;
    }
}
