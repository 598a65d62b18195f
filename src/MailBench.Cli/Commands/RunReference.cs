using MailBench.Model.Records;

namespace MailBench.Cli.Commands;

/// <summary>A run as it is named on the command line: <c>FOLDER</c>, or <c>FOLDER#SUT</c> for one system or variant in it.</summary>
internal sealed record RunReference(RunFolder Folder, string? Sut)
{
    /// <summary>A folder whose own name holds a <c>#</c> is taken as it is. Throws <see cref="UsageException"/> where there is no such folder.</summary>
    public static RunReference Parse(string reference)
    {
        var mark = Directory.Exists(reference) ? -1 : reference.LastIndexOf('#');
        var (path, sut) = mark < 0 ? (reference, null) : (reference[..mark], reference[(mark + 1)..]);
        var folder = new RunFolder(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        if (!Directory.Exists(folder.Root)) throw new UsageException($"{path}: there is no such folder; give the folder that 'mailbench run' named at its end, with #SUT behind it to choose a system.");
        if (sut is "") throw new UsageException($"{reference}: behind # the name of a system or variant is missing.");
        return new RunReference(folder, sut);
    }
}
