using MailBench.Analysis.Books;
using MailBench.Analysis.Figures;
using MailBench.Analysis.Verdicts;
using MailBench.Model.Nodes;
using MailBench.Model.Records;
using MailBench.Model.Units;

namespace MailBench.Analysis;

/// <summary>One trial's figures: books, rates, octets, ledger, utilisations, latencies, then the gates that may take the rate away again.</summary>
internal static class PointAnalysis
{
    /// <summary>The role whose counters are the SUT's.</summary>
    internal const string Sut = "mta";

    public static (PointSummary Summary, IReadOnlyDictionary<string, double[]> SamplesNs) Analyze(
        RunHeader header, PlannedPoint planned, TrialRecord trial, TrialBooks books, Func<TrialBooks, string?>? lost = null)
    {
        var settings = new PointSettings(planned);
        var counters = new TrialCounters(trial);
        var line = LineFigures.Of(counters);
        var backlog = settings.LoadModel == "backlog";
        var times = books.DeliveryTimes();
        var seconds = (trial.SteadyEndNs - trial.SteadyBeginNs) / 1e9;
        var inWindow = CountBetween(times, trial.SteadyBeginNs, trial.SteadyEndNs);
        var delivered = seconds > 0 ? inWindow / seconds : 0;
        var samples = LatencySamples.Of(books, trial.SteadyBeginNs, trial.SteadyEndNs, backlog);
        var utilisations = Utilisations.Of(counters, settings, line, delivered, header.Machine, header.Calibration, Sut);
        var ceiling = Ceiling(settings, counters, trial.Features);
        var underWay = Ratio(counters.InWindow("sink", CounterNames.ContentUnderWay), counters.InWindow("sink", CounterNames.Octets));
        var carried = LineDeliveries(times, counters) * (1 + (underWay ?? 0));
        var course = StagedCourse.Of(settings, trial, books);
        // A rate that the schedule changes is not steady, and says nothing of the system by that.
        var steadiness = course is null ? Steadiness.Of(times, trial.SteadyBeginNs, trial.SteadyEndNs) : null;
        var summary = new PointSummary
        {
            Point = trial.Point,
            Repetition = trial.Repetition,
            Sweep = planned.Sweep,
            Axes = planned.Axes,
            Companion = planned.Companion,
            CapacityBitsPerSecond = settings.Forward.BitsPerSecond,
            Strategy = trial.Features.GetValueOrDefault("strategy") ?? settings.Strategy,
            LoadModel = settings.LoadModel,
            RecipientsPerMessage = settings.RecipientsPerMessage ?? 1,
            WindowSeconds = seconds,
            OfferedShare = settings.OfferedShare,
            SaturatedPerSecond = Rate.TryParse(trial.Derived.GetValueOrDefault("load.rate"), out var asked) ? asked.PerSecond * (settings.RecipientsPerMessage ?? 1) / settings.OfferedShare : null,
            OfferedPerSecond = CountMessages(books, m => m.IntendedNs, trial) / seconds,
            AcceptedPerSecond = CountMessages(books, m => m.AcceptedNs, trial) / seconds,
            DeliveredPerSecond = delivered,
            DeliveriesInWindow = inWindow,
            WholeTrialPerSecond = WholeTrial(books, times),
            BusyForward = Share(line.ForwardBitsPerSecond, settings.Forward.BitsPerSecond),
            BusyReverse = Share(line.ReverseBitsPerSecond, settings.Reverse.BitsPerSecond),
            GoodputForward = Goodput(counters, settings),
            WireEfficiency = Ratio(counters.InWindow("sink", CounterNames.Octets), line.ForwardOctets),
            UnderWayShare = underWay,
            ContentVariation = Variation(counters.InWindow("sink", CounterNames.Messages), counters.InWindow("sink", CounterNames.Octets), counters.InWindow("sink", CounterNames.OctetsSquared)),
            YieldPerMbit = Ratio(carried, line.ForwardOctets * 8 / 1e6),
            WireOctetsPerDelivery = Ratio(line.ForwardOctets, carried),
            WireOctetsReversePerDelivery = Ratio(line.ReverseOctets, carried),
            SessionsPerDelivery = Ledger(counters.InTrial("sink", CounterNames.Sessions)),
            TransactionsPerDelivery = Ledger(counters.InTrial("sink", CounterNames.Transactions)),
            QueriesPerDelivery = Ledger(counters.InTrial("dns", CounterNames.Queries)),
            LookupsCachedPerDelivery = Ledger(counters.InTrial(Sut, CounterNames.DnsCached)),
            LookupsStalePerDelivery = Ledger(counters.InTrial(Sut, CounterNames.DnsStale)),
            LookupsNegativePerDelivery = Ledger(counters.InTrial(Sut, CounterNames.DnsNegative)),
            RoundTripsPerDelivery = Ledger(counters.InTrial(Sut, CounterNames.RoundTripsOut)),
            SyncsPerDelivery = Ratio(counters.InWindow(Sut, CounterNames.Syncs), inWindow),
            DeviceFlushesPerDelivery = Ratio(counters.InWindow("runner", CounterNames.DeviceFlushes), inWindow),
            CpuMsPerDelivery = Ratio(counters.CpuInWindowNs(Sut) / 1e6, inWindow),
            SutResidentBytesMax = (long?)counters.AtEnd(Sut, CounterNames.ResidentBytes),
            SutResidentBytesBegin = (long?)(counters.AtEnd(Sut, CounterNames.ResidentBytes) - counters.InWindow(Sut, CounterNames.ResidentBytes)),
            CpuShares = CpuShares(counters, header.Machine.CpuCount),
            IdealCeilingPerSecond = ceiling?.PerSecond(settings.Forward.BitsPerSecond, settings.Reverse.BitsPerSecond),
            IdealCeilingLowPerSecond = ceiling?.LowPerSecond(settings.Forward.BitsPerSecond, settings.Reverse.BitsPerSecond),
            Efficiency = backlog ? Ratio(delivered, ceiling?.PerSecond(settings.Forward.BitsPerSecond, settings.Reverse.BitsPerSecond)) : null,
            Utilisations = utilisations,
            Bottleneck = Utilisations.Bottleneck(utilisations),
            Books = books.Close(trial.CountedNotBooked),
            Latencies = samples.ToDictionary(s => s.Key, s => Quantiles.OfNs(s.Value)! with { Sample = s.Key == "delivery" && samples.TryGetValue("response", out var messages) ? messages.Length : null }),
            Batches = steadiness?.Batches ?? [],
            Drift = steadiness?.Drift,
            DriftHalfWidth = steadiness?.HalfWidth,
            Course = course,
            Flags = [],
            Void = false,
            VoidReasons = [],
            Failure = trial.Failure,
            Features = trial.Features,
        };
        var growth = InSystem(books, trial.SteadyEndNs) - InSystem(books, trial.SteadyBeginNs);
        summary = summary with { QueueGrowthRecipients = growth };
        summary = Gates.Apply(summary, new GateInput(header, trial, settings, counters, steadiness, growth, lost?.Invoke(books)));
        return (settings.FindsSustainable ? summary with { Try = TryJudgement.Of(summary, settings, trial, books, samples) } : summary, samples);

        // The ledger's counts are of the whole trial: with reuse and a DNS cache the window itself may open no session and ask no query.
        double? Ledger(double? count) => Ratio(count, times.Length);
    }

    private static double? Variation(double? number, double? sum, double? squares) =>
        number > 0 && sum > 0 && squares is { } s ? Math.Sqrt(Math.Max(0, (number.Value * s / (sum.Value * sum.Value)) - 1)) : null;

    private static double? WholeTrial(TrialBooks books, long[] times)
    {
        var first = long.MaxValue;
        foreach (var message in books.Messages)
            if (message?.StartedNs is >= 0 and var started && started < first) first = started;
        return times.Length > 0 && times[^1] > first ? times.Length / ((times[^1] - first) / 1e9) : null;
    }

    private static IdealCeiling? Ceiling(PointSettings settings, TrialCounters counters, IReadOnlyDictionary<string, string> features)
    {
        var transactions = counters.InWindow("sink", CounterNames.Transactions);
        var accepted = counters.InTrial("source", CounterNames.Accepted);
        var acceptedRecipients = counters.InTrial("source", CounterNames.AcceptedRecipients);
        if (!settings.HasLine || settings is not { RecipientsPerMessage: { } recipients, Domains: { } domains, MxHosts: { } hosts, HostsPerDomain: { } perDomain, RecipientsPerTransaction: { } limit })
            return null;
        // Nothing that a profile can hold; but a header may come from anywhere.
        if (Math.Min(Math.Min(recipients, domains), Math.Min(perDomain, limit)) < 1 || recipients > 100_000 || hosts is < 1 or > 65_536) return null;
        if (!(transactions > 0) || !(accepted > 0) || !(acceptedRecipients > 0)) return null;
        return IdealCeiling.Of(new IdealWorkload
        {
            RecipientsPerMessage = recipients,
            Domains = domains,
            MxHosts = hosts,
            HostsPerDomain = perDomain,
            RecipientsPerTransaction = limit,
            ContentOctets = counters.InWindow("sink", CounterNames.Octets) / transactions ?? 0,
            DotsStuffed = counters.InTrial("source", CounterNames.DotsStuffed) / accepted ?? 0,
            MailOctets = counters.InTrial("source", CounterNames.MailCommandOctets) / accepted ?? 0,
            // What the dialogue was, as the SUT's features say.
            Chunking = features.GetValueOrDefault("chunking") == "on",
            Overlap = features.GetValueOrDefault("overlap") == "on",
            RcptOctets = counters.InTrial("source", CounterNames.RcptCommandOctets) / acceptedRecipients ?? 0,
        });
    }

    /// <summary>Deliveries between the line's own two stamps, so that octets and deliveries speak of the same time.</summary>
    private static double? LineDeliveries(long[] times, TrialCounters counters) =>
        counters.Window("line") is { } window ? CountBetween(times, window.BeginNs, window.EndNs) : null;

    private static double? Goodput(TrialCounters counters, PointSettings settings) =>
        settings.HasLine && counters.Window("sink") is { } window && counters.InWindow("sink", CounterNames.Octets) is { } octets
            ? octets * 8 / ((window.EndNs - window.BeginNs) / 1e9) / settings.Forward.BitsPerSecond
            : null;

    internal static Dictionary<string, double> CpuShares(TrialCounters counters, int cores)
    {
        var shares = new Dictionary<string, double>();
        foreach (var role in counters.Roles)
            if (counters.CpuInWindowNs(role) is { } cpu && counters.Window(role) is { } window)
                shares[role] = cpu / ((double)(window.EndNs - window.BeginNs) * cores);
        shares["machine"] = shares.Values.Sum();
        return shares;
    }

    /// <summary>Recipients accepted and not yet booked at an instant.</summary>
    private static long InSystem(TrialBooks books, long atNs)
    {
        var inside = 0L;
        foreach (var message in books.Messages)
        {
            if (message is null || message.AcceptedNs < 0 || message.AcceptedNs > atNs) continue;
            inside += message.Recipients - message.Tally().Refused;
            foreach (var booked in message.BookedNs)
                if (booked >= 0 && booked <= atNs) inside--;
        }

        return inside;
    }

    private static double CountMessages(TrialBooks books, Func<MessageBook, long> stamp, TrialRecord trial) =>
        books.Messages.Count(m => m is not null && stamp(m) >= trial.SteadyBeginNs && stamp(m) < trial.SteadyEndNs);

    private static long CountBetween(long[] sorted, long beginNs, long endNs) => FirstAtOrAfter(sorted, endNs) - FirstAtOrAfter(sorted, beginNs);

    private static long FirstAtOrAfter(long[] sorted, long atNs)
    {
        int low = 0, high = sorted.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (sorted[middle] < atNs) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    private static double? Share(double? bitsPerSecond, long capacity) => capacity > 0 ? bitsPerSecond / capacity : null;

    private static double? Ratio(double? numerator, double? denominator) => denominator > 0 ? numerator / denominator : null;
}
