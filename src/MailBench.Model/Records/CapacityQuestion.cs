namespace MailBench.Model.Records;

/// <summary>What is asked of a run: whether so many users, each polling so often, are carried. Null: as the run has it, an answer for each.</summary>
public sealed record CapacityQuestion
{
    public required int Users { get; init; }
    public required double IntervalSeconds { get; init; }

    /// <summary>The line toward the users, and toward the server; 0: not limited. Both are given, or neither.</summary>
    public long? CapacityBitsPerSecond { get; init; }
    public long? ReverseBitsPerSecond { get; init; }

    /// <summary><c>pop3</c> or <c>imap</c>.</summary>
    public string? Protocol { get; init; }

    /// <summary>A value of a swept setting, or a sweep: only its points are asked.</summary>
    public string? Sut { get; init; }

    /// <summary>Response that 95 % of the polls must keep; null: what the run's profile asks for.</summary>
    public double? WithinMs { get; init; }

    /// <summary>Beyond what was measured an answer is wanted all the same, marked as what it is.</summary>
    public bool Extrapolate { get; init; }
}
