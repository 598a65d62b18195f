using System.Text;
using MailBench.Model.Options;
using MailBench.Wire.Smtp;

namespace MailBench.Peers.Sink;

/// <summary>
/// The refusals of a sink: the first rule of a phase whose pattern matches and whose share is drawn decides. Draws are seeded; patterns are matched without regard to
/// case against the client's address (connect), its name (helo), the forward-path (rcpt) or the reverse-path (mail, data, end).
/// </summary>
internal sealed class RefusalTable
{
    private static readonly int Phases = Enum.GetValues<RefusalPhase>().Length;

    private readonly Rule[][] _rules;
    private readonly Random _random;

    public RefusalTable(IReadOnlyList<RefusalRule> rules, int seed)
    {
        _random = new Random(seed);
        _rules = [.. Enumerable.Range(0, Phases).Select(phase => rules.Where(rule => (int)rule.Phase == phase).Select(rule => new Rule(rule)).ToArray())];
    }

    /// <summary>The refusal of this case, or null.</summary>
    public SmtpReply? Decide(RefusalPhase phase, ReadOnlySpan<byte> argument)
    {
        foreach (var rule in _rules[(int)phase])
        {
            if (rule.Pattern is not null && !Glob.IsMatch(rule.Pattern, argument)) continue;
            if (rule.Share >= 1 || _random.NextDouble() < rule.Share) return rule.Reply;
        }

        return null;
    }

    private sealed class Rule(RefusalRule rule)
    {
        public byte[]? Pattern { get; } = rule.Pattern is null ? null : Encoding.UTF8.GetBytes(rule.Pattern);
        public double Share { get; } = rule.Share;
        public SmtpReply Reply { get; } = SmtpReply.Of(rule.Code, rule.Enhanced, rule.Code < 500 ? "Refused for now, by rule" : "Refused by rule");
    }
}
