using System.Net;
using MailBench.Model.Units;

namespace MailBench.Model.Options;

/// <summary>What <c>mailbench mailbox</c> is started with: a final destination over SMTP and LMTP whose users poll over POP3 and IMAP.</summary>
public sealed record MailboxOptions
{
    public IReadOnlyList<IPEndPoint> Pop3 { get; init; } = [];
    public IReadOnlyList<IPEndPoint> Imap { get; init; } = [];
    public IReadOnlyList<IPEndPoint> Smtp { get; init; } = [];
    public IReadOnlyList<IPEndPoint> Lmtp { get; init; } = [];

    /// <summary>Holds a maildir for each user, made at the first delivery.</summary>
    public required string StoreDirectory { get; init; }

    /// <summary>Users <c>user0 …</c> whose password is their name; 0: <see cref="UsersFile"/> names them.</summary>
    public int Users { get; init; }

    /// <summary>A line <c>name:password</c> for each user.</summary>
    public string? UsersFile { get; init; }

    /// <summary>Mail is for <c>USER@mail.SUFFIX</c>.</summary>
    public string Suffix { get; init; } = "test";

    /// <summary>TLS for users, and STARTTLS for mail that comes over SMTP. With <see cref="TlsMode.Implicit"/> POP3 and IMAP begin with it.</summary>
    public ServerTls Tls { get; init; } = new();

    /// <summary>POP-before-SMTP: the socket of an MTA that is told of each login; null: nobody is told.</summary>
    public string? LoginSocket { get; init; }

    /// <summary>Octets that a user's maildir may hold, and each of its folders; beyond it, 452 4.2.2 or NO. Zero: no limit.</summary>
    public ByteSize Quota { get; init; }
    public ByteSize MaxMessageSize { get; init; } = new(32L << 20);

    /// <summary>Content of messages being received, all sessions together; beyond it, 452.</summary>
    public ByteSize ReceiveMemory { get; init; } = new(256L << 20);

    /// <summary>Sessions at once, all protocols together; beyond it a client is told so and closed.</summary>
    public int MaxSessions { get; init; } = 20_000;

    /// <summary>Threads for the disk: enough that syncs of different mailboxes share the journal's commits.</summary>
    public int DiskThreads { get; init; } = 16;

    /// <summary>RFC 1939 §3 and RFC 5321 §4.5.3.2 ask for at least ten and five minutes.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>RFC 3501 §5.4 asks for at least half an hour; clients in IDLE begin anew every 29 minutes.</summary>
    public TimeSpan ImapIdleTimeout { get; init; } = TimeSpan.FromMinutes(31);

    /// <summary>A POP3 or IMAP session that has not logged in by then is closed.</summary>
    public TimeSpan LoginTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>A refused login is answered so much later: guessing is to be slow.</summary>
    public TimeSpan RefusalDelay { get; init; } = TimeSpan.FromSeconds(1);
}
