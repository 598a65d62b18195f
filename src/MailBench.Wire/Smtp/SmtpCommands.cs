namespace MailBench.Wire.Smtp;

/// <summary>What the BODY parameter said (RFC 6152).</summary>
public enum BodyKind : byte { SevenBit, EightBitMime }

/// <summary>MAIL as parsed. Path: the mailbox without angle brackets and source route, empty for the null reverse-path.</summary>
public readonly ref struct MailCommand
{
    public required ReadOnlySpan<byte> Path { get; init; }

    /// <summary>Declared size in octets (RFC 1870), -1 when not declared.</summary>
    public long SizeBytes { get; init; }
    public BodyKind Body { get; init; }

    /// <summary>The parameters as sent, for what the machine does not interpret.</summary>
    public ReadOnlySpan<byte> Parameters { get; init; }
}

/// <summary>RCPT as parsed.</summary>
public readonly ref struct RcptCommand
{
    public required ReadOnlySpan<byte> Path { get; init; }
    public ReadOnlySpan<byte> Parameters { get; init; }
}
