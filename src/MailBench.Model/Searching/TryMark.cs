namespace MailBench.Model.Searching;

/// <summary>Why a rate is tried.</summary>
public enum TryStep
{
    /// <summary>A rate that is carried and one that is not are looked for: doubled while it is carried, halved where the first is not.</summary>
    Bracket,

    /// <summary>The gap between them is halved, by ratio.</summary>
    Bisection,

    /// <summary>Both ends afresh, the lower first.</summary>
    Upwards,

    /// <summary>Both ends afresh, the upper first.</summary>
    Downwards,
}

/// <summary>What a try showed. Void: nothing, since its gates do not hold.</summary>
public enum TryVerdict { Carried, NotCarried, Void }

/// <summary>What a trial that is a try of a search offers, and why. Messages per second; Most: the highest rate that the search may try.</summary>
public sealed record TryMark(double PerSecond, double MostPerSecond, TryStep Step);
