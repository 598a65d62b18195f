using MailBench.Analysis.Books;

namespace MailBench.Analysis.Figures;

/// <summary>Each user's share of what the server sent in a window: bits per second of the median user and of the one at the 5th percentile, and Jain's index (Σx)² ÷ n·Σx², 1 where all have the same.</summary>
internal sealed record UserShares(double Median, double Low, double Fairness)
{
    /// <summary>Over the users who had a poll due in the window; null: none had, or their octets were not written down.</summary>
    /// <param name="due">Polls that were due in the window.</param>
    /// <param name="finished">Polls that ended in it.</param>
    /// <param name="seconds">What their octets are for: the window, or the interval where that is longer.</param>
    public static UserShares? Of(IReadOnlyList<PollBook> due, IEnumerable<PollBook> finished, double seconds)
    {
        var octets = due.Select(poll => poll.User).Distinct().ToDictionary(user => user, _ => 0L);
        foreach (var poll in finished)
        {
            if (poll.Octets < 0) return null;
            if (octets.TryGetValue(poll.User, out var sum)) octets[poll.User] = sum + poll.Octets;
        }

        var shares = octets.Values.Select(sum => sum * 8 / seconds).Order().ToList();
        var squares = shares.Sum(share => share * share);
        return squares <= 0 ? null : new UserShares(shares[shares.Count / 2], shares[(int)(0.05 * shares.Count)], shares.Sum() * shares.Sum() / (shares.Count * squares));
    }
}
