namespace MailBench.Runs.Testbed;

/// <summary>How a node is started: a program and what stands before the role's own arguments (the .dll, where the host is <c>dotnet</c>).</summary>
public sealed record NodeProgram(string Path, IReadOnlyList<string> Prefix)
{
    /// <summary>This very program. <paramref name="entryAssembly"/>: its .dll, used when it was started by <c>dotnet X.dll</c>.</summary>
    public static NodeProgram Self(string processPath, string entryAssembly) =>
        System.IO.Path.GetFileNameWithoutExtension(processPath).Equals("dotnet", StringComparison.OrdinalIgnoreCase)
            ? new NodeProgram(processPath, [entryAssembly])
            : new NodeProgram(processPath, []);
}
