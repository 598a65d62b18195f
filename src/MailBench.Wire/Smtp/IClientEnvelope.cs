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

    /// <summary>An address or header is not ASCII: MAIL says SMTPUTF8 where that is offered (RFC 6531). Whether it may be sent where it is not is the owner's decision.</summary>
    bool NeedsUtf8 => false;
}
