namespace MailBench.Runs.Probes;

/// <summary>A failure that the probes cause: how it is called, for whom mail fails, and what a log should tell of it, each fact by any of its words.</summary>
internal sealed record PlantedFailure(string Name, string Recipient, IReadOnlyList<(string What, string[] Words)> Facts);
