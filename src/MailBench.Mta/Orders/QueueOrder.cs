using MailBench.Mta.Queue;

namespace MailBench.Mta.Orders;

/// <summary>What an operator wants of waiting recipients.</summary>
public enum QueueOrder
{
    /// <summary>Due now, whatever their retry schedule says; attempts are counted on.</summary>
    Flush,

    /// <summary>Discarded: not delivered, and no DSN.</summary>
    Remove,
}

/// <summary>A waiting recipient: its message and its index there.</summary>
public readonly record struct RecipientKey(QueueId Message, int Recipient);

/// <summary>What came of an order.</summary>
/// <param name="Done">Recipients that it was carried out on.</param>
/// <param name="Left">Recipients that were under way, or finished in the meantime: they stay as they are.</param>
public readonly record struct OrderResult(int Done, int Left)
{
    public static OrderResult operator +(OrderResult one, OrderResult other) => new(one.Done + other.Done, one.Left + other.Left);
}
