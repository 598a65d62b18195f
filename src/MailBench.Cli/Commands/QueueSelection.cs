using System.CommandLine;
using System.IO.Enumeration;
using MailBench.Model.Units;
using MailBench.Mta.Queue;

namespace MailBench.Cli.Commands;

/// <summary>Which waiting recipients a queue command is about: all conditions that are given must hold.</summary>
internal sealed record QueueSelection
{
    public IReadOnlySet<QueueId>? Ids { get; init; }
    public TimeSpan? OlderThan { get; init; }

    /// <summary>The recipient's domain, lower case.</summary>
    public string? To { get; init; }

    /// <summary>A pattern of <c>*</c> and <c>?</c> for the whole reason, in any case.</summary>
    public string? Reason { get; init; }

    public bool IsEverything => this == new QueueSelection();

    public bool Matches(QueueEntry entry, RecipientEntry recipient, DateTimeOffset now) =>
        recipient.State == RecipientState.Waiting
        && (Ids is null || Ids.Contains(entry.Id))
        && (OlderThan is not { } age || now - DateTimeOffset.FromUnixTimeMilliseconds(entry.AcceptedUnixMs) > age)
        && (To is null || recipient.Domain == To)
        && (Reason is null || FileSystemName.MatchesSimpleExpression(Reason, recipient.Reason ?? "", ignoreCase: true));

    public bool Matches(QueueEntry entry, DateTimeOffset now) => Array.Exists(entry.Recipients, recipient => Matches(entry, recipient, now));

    /// <summary>The options that say it, and how they are read.</summary>
    public static (Option[] Options, Func<ParseResult, QueueSelection> Read) Conditions()
    {
        var olderThan = new Option<string?>("--older-than") { Description = "Only messages accepted longer ago, for example 90s, 2h or 3d." };
        var to = new Option<string?>("--to") { Description = "Only recipients in this domain." };
        var reason = new Option<string?>("--reason") { Description = "Only recipients whose last reason is like this pattern, for example '*: 450 *'." };
        return ([olderThan, to, reason], parsed => new QueueSelection
        {
            OlderThan = parsed.GetValue(olderThan) is { } age ? ReadAge(age) : null,
            To = parsed.GetValue(to)?.TrimEnd('.').ToLowerInvariant(),
            Reason = parsed.GetValue(reason),
        });
    }

    public static IReadOnlySet<QueueId>? ReadIds(string[]? texts) => texts is null or [] ? null : texts.Select(ReadId).ToHashSet();

    public static QueueId ReadId(string text) => QueueId.TryParse(text, out var id)
        ? id
        : throw new UsageException($"'{QueueText.Escape(text)}' is not a message id; 'mailbench queue list' prints ids such as 1Z4.");

    private static TimeSpan ReadAge(string text) => Duration.TryParse(text, out var age)
        ? age
        : throw new UsageException($"--older-than: '{QueueText.Escape(text)}' is not an age; write for example 90s, 2h or 3d.");
}
