namespace MailBench.Analysis.Comparing;

/// <summary>What a comparison's figures are, as people read it.</summary>
public static class MetricUnit
{
    /// <param name="metric">A metric's name in a run record, <c>pollsPerSecond</c> say.</param>
    public static string Of(string metric) => metric switch
    {
        "pollsPerSecond" => "polls/s",
        "deliveryP95Ms" => "delivery p95, ms",
        "responseP95Ms" => "response p95, ms",
        _ => "deliveries/s",
    };
}
