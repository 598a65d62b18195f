using MailBench.Model.Records;
using MailBench.Model.Searching;

namespace MailBench.Runs.Sweep;

/// <summary>
/// What a finished try showed, from its events in the run folder. Given to the runner from outside: the criteria and the gates are the analysis's, and a rate that the runner called carried must be called that in the report.
/// </summary>
public delegate TryVerdict TryJudge(TrialRecord trial);
