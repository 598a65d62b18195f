using BenchmarkDotNet.Attributes;
using MailBench.Model.Events;
using MailBench.Peers.Load;
using MailBench.Peers.Source.Books;

namespace MailBench.Benchmarks.Micro;

/// <summary>What each phase of each dialogue of a load costs to be recorded: a value in a histogram, and the percentiles of the end.</summary>
[Config(typeof(ShortConfig))]
public class HistogramBenchmarks
{
    private readonly SourceBooks _books = new(new SourceCounters(), events: null);
    private long _ns = 1_000;

    [Benchmark, AllocationBudget(0)]
    public void RecordPhase()
    {
        _ns = (_ns * 25214903917) & 0x3FFFFFFF;
        _books.Phase(DialoguePhase.EndOfData, 1, 0, _ns);
    }

    /// <summary>Five percentiles as JSON, at the end of a trial and not before.</summary>
    [Benchmark, AllocationBudget(1200)]
    public void Percentiles()
    {
        RecordPhase();
        if (LatencyHistogram.Percentiles(_books.Service[(int)DialoguePhase.EndOfData]).Count != 5) throw new InvalidOperationException("There should be five.");
    }
}
