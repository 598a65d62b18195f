namespace MailBench.Simulation;

/// <summary>Something happened in a simulated world that must not. The message is a clause.</summary>
internal sealed class BrokenInvariantException(string message) : Exception(message);
