namespace MailBench.Runs.CrossCheck;

/// <summary>Who fills the system.</summary>
internal enum SourceTool
{
    /// <summary>MailBench's source with smtp-source's mail: the same content, all of it from one sender.</summary>
    Own,

    /// <summary>MailBench's source as in every other run: a sender for each message, which its ID travels in, and content of its own.</summary>
    OwnAsUsual,

    /// <summary>Postfix's smtp-source.</summary>
    SmtpSource,
}

/// <summary>Which source fills the system in a turn, and whether MailBench's sink or smtp-sink empties it.</summary>
internal readonly record struct ToolChoice(SourceTool Source, bool OurSink)
{
    /// <summary>Both sources with both sinks; what is usual with one, since only the mail differs then.</summary>
    public static IReadOnlyList<ToolChoice> All { get; } =
        [new(SourceTool.Own, true), new(SourceTool.Own, false), new(SourceTool.SmtpSource, true), new(SourceTool.SmtpSource, false), new(SourceTool.OwnAsUsual, true)];

    /// <summary>Source and sink, for names of files.</summary>
    public override string ToString() => $"{Source switch { SourceTool.Own => "own", SourceTool.OwnAsUsual => "usual", _ => "postfix" }}-{(OurSink ? "own" : "postfix")}";
}
