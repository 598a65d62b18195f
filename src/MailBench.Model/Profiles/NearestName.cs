namespace MailBench.Model.Profiles;

/// <summary>The known name that a mistyped one most likely meant, by edit distance without regard to case.</summary>
public static class NearestName
{
    /// <summary>The nearest candidate, or null when none is near enough (a third of the name's length, at least two edits).</summary>
    public static string? Of(string name, IEnumerable<string> candidates)
    {
        var limit = Math.Max(2, name.Length / 3);
        return candidates.Select(candidate => (candidate, distance: Distance(name, candidate))).Where(pair => pair.distance <= limit)
            .OrderBy(pair => pair.distance).ThenBy(pair => pair.candidate, StringComparer.Ordinal).Select(pair => pair.candidate).FirstOrDefault();
    }

    /// <summary>Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). Names beyond 100 characters are far from everything.</summary>
    internal static int Distance(string left, string right)
    {
        if (left.Length > 100 || right.Length > 100) return int.MaxValue;
        var rows = new int[left.Length + 1, right.Length + 1];
        for (var i = 0; i <= left.Length; i++) rows[i, 0] = i;
        for (var j = 0; j <= right.Length; j++) rows[0, j] = j;
        for (var i = 1; i <= left.Length; i++)
        {
            for (var j = 1; j <= right.Length; j++)
            {
                var same = Same(left[i - 1], right[j - 1]);
                var best = Math.Min(Math.Min(rows[i - 1, j] + 1, rows[i, j - 1] + 1), rows[i - 1, j - 1] + (same ? 0 : 1));
                if (i > 1 && j > 1 && Same(left[i - 1], right[j - 2]) && Same(left[i - 2], right[j - 1])) best = Math.Min(best, rows[i - 2, j - 2] + 1);
                rows[i, j] = best;
            }
        }

        return rows[left.Length, right.Length];
    }

    private static bool Same(char left, char right) => char.ToLowerInvariant(left) == char.ToLowerInvariant(right);
}
