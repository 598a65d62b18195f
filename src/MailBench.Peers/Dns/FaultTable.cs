using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Wire.Dns;

namespace MailBench.Peers.Dns;

/// <summary>What the fault rules say about one name: at most one delay, and at most one way to answer wrongly.</summary>
internal readonly record struct FaultVerdict(DnsFaultKind? Kind, long DelayNs)
{
    public bool NoAdditional { get; init; }
}

/// <summary>The fault rules, matched against the queried name. The first rule that matches decides its concern: delay, additional section, and the answer itself.</summary>
internal sealed class FaultTable
{
    private readonly (byte[] Pattern, DnsFaultKind Kind, long DelayNs)[] _rules;

    /// <summary>Throws <see cref="FormatException"/> for a delay that is none.</summary>
    public FaultTable(IEnumerable<DnsFault> faults) =>
        _rules = [.. faults.Select(fault => (System.Text.Encoding.Latin1.GetBytes(fault.NamePattern.TrimEnd('.').ToLowerInvariant()), fault.Kind, DnsFaultRule.DelayOf(fault).ToNs()))];

    /// <param name="name">Wire form in lower case.</param>
    public FaultVerdict Judge(ReadOnlySpan<byte> name)
    {
        if (_rules.Length == 0) return default;
        Span<byte> text = stackalloc byte[DnsWire.MaxNameBytes];
        var length = 0;
        for (var at = 0; name[at] != 0; at += name[at] + 1)
        {
            if (at > 0) text[length++] = (byte)'.';
            name.Slice(at + 1, name[at]).CopyTo(text[length..]);
            length += name[at];
        }

        DnsFaultKind? kind = null;
        var delayNs = 0L;
        var noAdditional = false;
        foreach (var rule in _rules)
        {
            if (!Glob.IsMatch(rule.Pattern, text[..length])) continue;
            if (rule.Kind == DnsFaultKind.Delay) delayNs = delayNs == 0 ? rule.DelayNs : delayNs;
            else if (rule.Kind == DnsFaultKind.NoAdditional) noAdditional = true;
            else kind ??= rule.Kind;
        }

        return new FaultVerdict(kind, delayNs) { NoAdditional = noAdditional };
    }
}
