using MailBench.Model.Searching;

namespace MailBench.Model.Records;

/// <summary>
/// What a search for the sustainable rate found: an interval, between a rate that was carried and one that was not, and never more than that. Its tries are the <see cref="RunSummary.Points"/> of the same number. Rates are
/// of messages, per second.
/// </summary>
public sealed record SustainableFigures
{
    public required int Point { get; init; }
    public required string Sweep { get; init; }

    /// <summary>What tells it from the run's other searches.</summary>
    public required string Variant { get; init; }

    /// <summary>0: no line.</summary>
    public required long CapacityBitsPerSecond { get; init; }
    public required int RecipientsPerMessage { get; init; }
    public required SearchCriteria Criteria { get; init; }

    /// <summary>How close the ends were to come, and the highest rate that might be tried; null: it was not known.</summary>
    public required double Resolution { get; init; }
    public double? MostPerSecond { get; init; }
    public required SearchEnd End { get; init; }

    /// <summary>The highest rate that was carried below all that were not, whenever it was tried; null: none was.</summary>
    public double? LowPerSecond { get; init; }

    /// <summary>The lowest rate that was not carried above all that were; null: none.</summary>
    public double? HighPerSecond { get; init; }

    /// <summary>Equal or higher rates were carried than one that was not: where the system is at its limit, or the machine was, and why the interval is wider than the resolution.</summary>
    public bool Disagrees { get; init; }

    /// <summary>Different rates that were tried, void tries included, and tries in all.</summary>
    public required int Rates { get; init; }
    public required int Tries { get; init; }

    /// <summary>The steady window of a try; and how long one would have to be for a delay of the longest criterion to show at this resolution (time ÷ resolution): in a shorter one only the backlog's bound tells an overload.</summary>
    public required double WindowSeconds { get; init; }
    public required double WindowNeededSeconds { get; init; }

    /// <summary>What limited the lowest rate that was not carried, and why it was not; why the search is undecided where a void try ended it.</summary>
    public string? Limit { get; init; }
    public string? Reason { get; init; }

    /// <summary>Flags of the tries at the two ends, each kind once, steadiness left out: the backlog's bound is more exact.</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];
}

/// <summary>When a rate is carried (method: sustainable rate; SPECmail's bounds unless said). Milliseconds; shares 0–1.</summary>
public sealed record SearchCriteria(double AcceptedMs, double DeliveredMs, double ErrorShare, double BacklogShare)
{
    /// <summary>Messages of which one more or fewer in flight must not decide alone over the backlog's share.</summary>
    private const int Within = 2;

    /// <summary>Messages that a window must hold to tell whether a backlog grows by no more than a share.</summary>
    public static double LeastMessages(double backlogShare) => Within / backlogShare;
}

/// <summary>A trial as a try of a search. Figures are withheld where it is void.</summary>
public sealed record TryFigures
{
    /// <summary>What it offered, and why; null: it could not begin.</summary>
    public TryMark? Mark { get; init; }
    public required TryVerdict Verdict { get; init; }

    /// <summary>Which criteria it missed, or why it is void; empty: it was carried.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }

    /// <summary>95 % of messages were accepted within this from when they were due; infinite: not by the end of drain. The slowest step of the dialogue, if it took longer, is among the reasons.</summary>
    public double? AcceptedP95Ms { get; init; }
    public double? DeliveredP95Ms { get; init; }

    /// <summary>Upper 95 % bound of (accepted − delivered) ÷ accepted in the window, recipients; and of (due − accepted) ÷ due, messages. Below 0 counts as 0.</summary>
    public double? UndeliveredBound { get; init; }
    public double? UnacceptedBound { get; init; }

    /// <summary>Recipients due in the window that were refused, failed, returned, or of unknown fate, ÷ all of them.</summary>
    public double? ErrorShare { get; init; }
}
