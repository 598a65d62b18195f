namespace MailBench.Model.Records;

/// <summary>What a probe asked of a running system, what was expected, and what it saw.</summary>
/// <param name="Group">Of the table: <c>features</c>, <c>dialogue</c>, <c>content</c>, <c>bounce of a 5xx</c> …</param>
/// <param name="Question">What was looked at, in words; of a feature, its axis first.</param>
/// <param name="Expected">What the system's adapter declares, or what the standard asks for; null where there is neither.</param>
/// <param name="Basis"><see cref="Declared"/>, or where the standard says so (<c>RFC 3464 §2.3.4</c>); null with no expectation.</param>
/// <param name="Observed">What the wire, the resolver, the trace or the log showed.</param>
/// <param name="Verdict">One of the words below.</param>
public sealed record ProbeFinding(string Group, string Question, string? Expected, string? Basis, string Observed, string Verdict)
{
    public const string Declared = "declared";

    /// <summary>The group of findings that hold MailBench's own figures against another instrument's.</summary>
    public const string CrossCheck = "cross-check";

    /// <summary>The behaviour is the one expected.</summary>
    public const string Agrees = "agrees";

    /// <summary>It is another.</summary>
    public const string Differs = "differs";

    /// <summary>Nothing was expected.</summary>
    public const string Seen = "seen";

    /// <summary>The probe could not be made here; the observation says why.</summary>
    public const string NotShown = "not shown";
}

/// <summary>The probes of one system: the table that a conformance run is about.</summary>
public sealed record ProbeTable
{
    public required int Point { get; init; }
    public required int Repetition { get; init; }
    public required string Sweep { get; init; }

    /// <summary>Swept values, path → value as written.</summary>
    public required IReadOnlyDictionary<string, string> Axes { get; init; }

    /// <summary>The system by the profile's name, and the name that its feature vector gives.</summary>
    public required string System { get; init; }
    public required string Sut { get; init; }
    public required IReadOnlyList<ProbeFinding> Findings { get; init; }

    /// <summary>Why the system could not be probed to the end.</summary>
    public RoleFailure? Failure { get; init; }
}
