using System.Globalization;
using System.Runtime.InteropServices;

namespace MailBench.Mta.Queue.Segments;

/// <summary>
/// Reasons of waiting recipients as numbers: a dead host's million share one string. At most so many different ones; a further one keeps its reply code in memory, its words on disk only.
/// Counted by use, so a reason that nobody has any more makes room. Under its table's lock.
/// </summary>
internal sealed class ReasonTable(int limit)
{
    /// <summary>Different reasons that a queue keeps: with the length that a reason may have some 16 MiB at the very most.</summary>
    public const int DefaultLimit = 16_384;

    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<(string Text, int Uses)> _reasons = [("", 0)];
    private readonly Stack<int> _free = new();
    private int _last;

    public string? this[int number] => number == 0 ? null : _reasons[number].Text;

    /// <summary>The number of a reason, to be given back by <see cref="Release"/>; 0 for none.</summary>
    public int Take(string? reason)
    {
        if (string.IsNullOrEmpty(reason)) return 0;
        if (!ReferenceEquals(_reasons[_last].Text, reason)) _last = Find(reason);
        CollectionsMarshal.AsSpan(_reasons)[_last].Uses++;
        return _last;
    }

    public void Release(int number)
    {
        if (number == 0) return;
        ref var reason = ref CollectionsMarshal.AsSpan(_reasons)[number];
        if (--reason.Uses > 0) return;
        _numbers.Remove(reason.Text);
        reason.Text = "";
        _free.Push(number);
    }

    private int Find(string reason)
    {
        if (_numbers.TryGetValue(reason, out var number)) return number;
        if (_numbers.Count >= limit)
        {
            reason = Shortened(reason);
            if (_numbers.TryGetValue(reason, out number)) return number;
        }

        if (!_free.TryPop(out number))
        {
            number = _reasons.Count;
            _reasons.Add(default);
        }

        _reasons[number] = (reason, 0);
        _numbers.Add(reason, number);
        return number;
    }

    /// <summary>Few enough forms not to count against the limit.</summary>
    private static string Shortened(string reason)
    {
        const string words = "words not kept, since too many differ";
        var at = reason.IndexOf(": ", StringComparison.Ordinal);
        return at >= 0 && reason.Length >= at + 5 && int.TryParse(reason.AsSpan(at + 2, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            ? $"reply ({words}): {code}"
            : $"failure ({words})";
    }
}
