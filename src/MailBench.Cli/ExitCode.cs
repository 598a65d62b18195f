namespace MailBench.Cli;

/// <summary>Exit codes of the contract; if several hold: 4 &gt; 2 &gt; 3 &gt; 1.</summary>
internal static class ExitCode
{
    public const int Good = 0;

    /// <summary>Done, verdict bad: regressed, threshold missed.</summary>
    public const int Bad = 1;

    /// <summary>Wrong usage or invalid profile.</summary>
    public const int Usage = 2;

    /// <summary>Void or inconclusive.</summary>
    public const int Void = 3;

    /// <summary>The environment refused: port in use, no privilege, disk full, a role died.</summary>
    public const int Environment = 4;
    public const int Interrupted = 130;
}
