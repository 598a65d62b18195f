namespace MailBench.Wire.Smtp;

/// <summary>An envelope to send. Paths without angle brackets.</summary>
public interface IClientEnvelope
{
    ReadOnlySpan<byte> ReversePath { get; }
    int RecipientCount { get; }
    ReadOnlySpan<byte> Recipient(int index);

    /// <summary>Declared by SIZE when offered; -1: not declared.</summary>
    long SizeBytes { get; }
    BodyKind Body { get; }
}
