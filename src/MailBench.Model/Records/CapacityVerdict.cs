namespace MailBench.Model.Records;

/// <summary>The answer to a question about capacity; the more it leaves open, the later it stands.</summary>
public enum CapacityVerdict
{
    Carried,
    NotCarried,

    /// <summary>The measured points lie on both sides, or contradict each other.</summary>
    Undecided,

    /// <summary>Nothing was measured that could answer: beyond the largest number, another interval, line or protocol.</summary>
    Refused,
}
