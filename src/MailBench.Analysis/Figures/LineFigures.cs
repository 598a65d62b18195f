using MailBench.Model.Nodes;

namespace MailBench.Analysis.Figures;

/// <summary>What crossed the line in the steady window, by the line's own stamps. Null: no line, or it did not report.</summary>
public sealed record LineFigures(double? ForwardBitsPerSecond, double? ReverseBitsPerSecond, double? ForwardOctets, double? ReverseOctets)
{
    /// <summary>The same with the directions exchanged: users' mail goes from the line's far side to its near one.</summary>
    public LineFigures Exchanged => new(ReverseBitsPerSecond, ForwardBitsPerSecond, ReverseOctets, ForwardOctets);

    public static LineFigures Of(TrialCounters counters)
    {
        if (counters.Window("line") is not { } window) return new LineFigures(null, null, null, null);
        var seconds = (window.EndNs - window.BeginNs) / 1e9;
        var forward = counters.InWindow("line", CounterNames.WireOctetsForward);
        var reverse = counters.InWindow("line", CounterNames.WireOctetsReverse);
        return new LineFigures(forward * 8 / seconds, reverse * 8 / seconds, forward, reverse);
    }
}
