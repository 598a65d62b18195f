using System.Globalization;
using MailBench.Model.Records;

namespace MailBench.Runs.CrossCheck;

/// <summary>Whether independent instruments say the same of one system: their counts to the message, their rates within noise. Pure.</summary>
internal static class CrossCheckFindings
{
    private const string Agreement = "median ratio within 3 % of 1, or the middle half of the ratios about it";

    /// <summary>The method's practical threshold: a smaller difference matters to nobody.</summary>
    private const double Threshold = 0.03;

    /// <summary>Ratios that lie further apart than this share of their median tell nothing: almost everything would agree with them.</summary>
    private const double WidestRange = 0.6;

    /// <summary>One or two ratios have no middle half.</summary>
    private const int LeastRatios = 3;

    private static readonly ToolChoice OwnToOwn = new(SourceTool.Own, true), OwnToTheirs = new(SourceTool.Own, false), TheirsToOwn = new(SourceTool.SmtpSource, true), TheirsToTheirs = new(SourceTool.SmtpSource, false), Usual = new(SourceTool.OwnAsUsual, true);

    /// <summary>What is compared of acceptance, and of delivery. CPU time is what a busy machine changes less than rates.</summary>
    private static readonly Quantity[]
        Accepting = [new("accepted messages/s", turn => turn.AcceptedPerSecond, "#,0"), new("system's CPU ms per message accepted", turn => turn.AcceptedCpuMs, "0.00")],
        Delivering = [new("delivered messages/s", turn => turn.DeliveredPerSecond, "#,0"), new("system's CPU ms per message delivered", turn => turn.DeliveredCpuMs, "0.00")];

    /// <summary>One thing exchanged at a time; 'twice' exchanges what can make no difference, and so says what chance does.</summary>
    private static readonly (Quantity[] Of, Exchange Exchange)[] Exchanges =
    [
        (Accepting, new("", "MailBench's source", "smtp-source", [(OwnToOwn, TheirsToOwn), (OwnToTheirs, TheirsToTheirs)])),
        (Accepting, new(", each source twice", "one turn", "another", [(OwnToOwn, OwnToTheirs), (TheirsToOwn, TheirsToTheirs)])),
        (Accepting, new(", MailBench's source alone", "its usual mail", "smtp-source's mail", [(Usual, OwnToOwn)])),
        (Delivering, new("", "MailBench's sink", "smtp-sink", [(OwnToOwn, OwnToTheirs), (TheirsToOwn, TheirsToTheirs)])),
        (Delivering, new(", each sink twice", "mail of MailBench's source", "mail of smtp-source", [(OwnToOwn, TheirsToOwn), (OwnToTheirs, TheirsToTheirs)])),
        (Delivering, new(", MailBench's ends alone", "their usual mail", "smtp-source's mail", [(Usual, OwnToOwn)])),
    ];

    public static IReadOnlyList<ProbeFinding> Of(IReadOnlyList<CrossCheckRound> rounds, long messages) => [Counts(rounds, messages), .. from exchange in Exchanges from quantity in exchange.Of select Row(quantity, exchange.Exchange, rounds)];

    /// <summary>Every message that a source counts is in the queue, and a sink counts each once.</summary>
    private static ProbeFinding Counts(IReadOnlyList<CrossCheckRound> rounds, long messages)
    {
        var turns = rounds.SelectMany((round, number) => round.Turns.Select(turn => (Number: number + 1, Choice: turn.Key, Result: turn.Value))).ToList();
        var wrong = turns.Where(turn => turn.Result.Sent != messages || turn.Result.Held != messages || turn.Result.Received != messages).ToList();
        var seen = string.Create(CultureInfo.InvariantCulture, $"{turns.Count} turns of {messages:#,0}");
        return new ProbeFinding(
            ProbeFinding.CrossCheck, "messages by the counts of source, queue and sink", "the same in every turn", "nothing is lost, nothing comes twice",
            wrong.Count == 0 ? $"{seen}: all the same" : string.Create(CultureInfo.InvariantCulture, $"{seen}, {wrong.Count} not the same; first round {wrong[0].Number}, {wrong[0].Choice}: {wrong[0].Result.Sent:#,0}, {wrong[0].Result.Held:#,0}, {wrong[0].Result.Received:#,0}"),
            wrong.Count == 0 ? ProbeFinding.Agrees : ProbeFinding.Differs);
    }

    private static ProbeFinding Row(Quantity quantity, Exchange exchange, IReadOnlyList<CrossCheckRound> rounds)
    {
        var rates = rounds.SelectMany(round => exchange.Turns.Select(pair => (First: quantity.Of(round.Turns[pair.First]), Second: quantity.Of(round.Turns[pair.Second])))).ToList();
        var ratios = rates.Select(pair => pair.First / pair.Second).Order().ToArray();
        var (ratio, quarter) = (Median(ratios), ratios.Length / 4);
        var unclear = ratios.Length < LeastRatios ? "; too few ratios to tell anything" : ratio > 0 && (ratios[^1] - ratios[0]) / ratio <= WidestRange ? null : "; the ratios are too far apart to tell anything";
        var agrees = Math.Abs(ratio - 1) <= Threshold || (ratios[quarter] <= 1 && ratios[^(quarter + 1)] >= 1);
        return new ProbeFinding(
            ProbeFinding.CrossCheck, quantity.Name + exchange.Name, Agreement, string.Create(CultureInfo.InvariantCulture, $"{ratios.Length} ratios of {rounds.Count} rounds"),
            string.Create(CultureInfo.InvariantCulture, $"{exchange.First} {Shown(rates.Select(r => r.First))}, {exchange.Second} {Shown(rates.Select(r => r.Second))}: {ratio:0.00} × ({ratios[0]:0.00}–{ratios[^1]:0.00}){unclear}"),
            unclear is not null ? ProbeFinding.NotShown : agrees ? ProbeFinding.Agrees : ProbeFinding.Differs);

        string Shown(IEnumerable<double> values) => Median(values).ToString(quantity.Format, CultureInfo.InvariantCulture);
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private sealed record Quantity(string Name, Func<TurnResult, double> Of, string Format);

    /// <summary>What is held against what: a word for either side, and the pairs of turns of a round that differ by it.</summary>
    private sealed record Exchange(string Name, string First, string Second, (ToolChoice First, ToolChoice Second)[] Turns);
}
