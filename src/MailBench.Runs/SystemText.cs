namespace MailBench.Runs;

/// <summary>What a system says in small text files (<c>/proc</c>, <c>/sys</c>), any of which may be missing, hidden, or gone the next moment.</summary>
internal static class SystemText
{
    /// <summary>The file's text; null when it is not there or may not be read.</summary>
    public static string? Of(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
