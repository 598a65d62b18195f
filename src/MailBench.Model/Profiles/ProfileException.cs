namespace MailBench.Model.Profiles;

/// <summary>One fault of a profile: where (file and line from 1, or the option), and a sentence that says what is expected.</summary>
public sealed record ProfileError(string Where, string Sentence)
{
    public override string ToString() => $"{Where}: {Sentence}";
}

/// <summary>A profile that cannot be used (exit code 2). The message has a line per fault.</summary>
public sealed class ProfileException : Exception
{
    public ProfileException(IReadOnlyList<ProfileError> errors) : base(string.Join('\n', errors)) => Errors = errors;

    public ProfileException(string where, string sentence) : this([new ProfileError(where, sentence)]) { }

    public ProfileException(string message) : base(message) { }

    public ProfileException(string message, Exception inner) : base(message, inner) { }

    public ProfileException() { }

    public IReadOnlyList<ProfileError> Errors { get; } = [];
}
