namespace MailBench.Runs.Testbed.Systems;

/// <summary>A setting of throughput that people use, and where it is recommended.</summary>
internal sealed record TunedSetting(string Key, string Value, string Source);
