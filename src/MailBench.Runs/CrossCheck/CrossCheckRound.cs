namespace MailBench.Runs.CrossCheck;

/// <summary>What a turn showed.</summary>
/// <param name="AcceptedPerSecond">By the source's count, while nothing was delivered.</param>
/// <param name="DeliveredPerSecond">By the sink's count, while nothing was accepted.</param>
/// <param name="AcceptedCpuMs">CPU time of the system for a message that it accepted, its own start of processes included.</param>
/// <param name="DeliveredCpuMs">The same for one that it delivered.</param>
/// <param name="Sent">Messages that the source counted.</param>
/// <param name="Held">Messages that the system's own queue then held.</param>
/// <param name="Received">Messages that the sink had counted when the queue was empty.</param>
internal sealed record TurnResult(double AcceptedPerSecond, double DeliveredPerSecond, double AcceptedCpuMs, double DeliveredCpuMs, long Sent, long Held, long Received);

/// <summary>The same system between all pairs of ends, one after the other.</summary>
/// <param name="Turns">Of each of <see cref="ToolChoice.All"/>.</param>
internal sealed record CrossCheckRound(IReadOnlyDictionary<ToolChoice, TurnResult> Turns);
