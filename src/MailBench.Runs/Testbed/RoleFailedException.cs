using MailBench.Model.Records;

namespace MailBench.Runs.Testbed;

/// <summary>A role died, refused or does not answer (exit code 4). The message names the role and its own last words.</summary>
public sealed class RoleFailedException : Exception
{
    public RoleFailedException(RoleFailure failure) : base($"{failure.Role}: {failure.Reason}") => Failure = failure;

    public RoleFailedException(string message) : this(new RoleFailure("runner", message, [])) { }

    public RoleFailedException(string message, Exception inner) : base(message, inner) => Failure = new RoleFailure("runner", message, []);

    public RoleFailedException() : this("a role failed") { }

    public RoleFailure Failure { get; }
}
