using MailBench.Model.Options;
using MailBench.Transport;

namespace MailBench.Mta.Delivery;

/// <summary>How mail leaves.</summary>
public sealed record DeliveryOptions
{
    /// <summary>Our name in EHLO.</summary>
    public required string HostName { get; init; }
    public int SmtpPort { get; init; } = 25;
    public MtaSettings Settings { get; init; } = new();

    /// <summary>For dialled sockets.</summary>
    public SocketOptions? Socket { get; init; }

    /// <summary>An idle session is kept so long for the next message to its site; servers time out after minutes, so this is polite.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Transactions of one session; then it says QUIT, so that no server is held for ever.</summary>
    public int TransactionsPerSession { get; init; } = 1000;

    /// <summary>How old a session may grow; then it says QUIT behind its transaction, so that changes of addresses and balance reach it.</summary>
    public TimeSpan SessionAge { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long recipients of a message wait for the routes of its other recipients, so that slow DNS answers do not split its transactions. Those whose route
    /// comes later follow by themselves.
    /// </summary>
    public TimeSpan GatherTimeout { get; init; } = TimeSpan.FromMilliseconds(200);

    public static DeliveryOptions From(MtaOptions options) => new() { HostName = options.HostName, SmtpPort = options.SmtpPort, Settings = options.Settings, TransactionsPerSession = options.Settings.TransactionsPerSession, SessionAge = options.Settings.SessionAge };
}
