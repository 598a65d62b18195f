using System.Buffers;
using System.Text;

namespace MailBench.Wire.Imap;

/// <summary>
/// A sequence-set (RFC 3501 §9) of message numbers or UIDs: ranges as they were written, <see cref="Star"/> for <c>*</c>. Ends of a range come in any order.
/// </summary>
public sealed class ImapSet(IReadOnlyList<(uint From, uint To)> ranges)
{
    /// <summary>Stands for the largest number in use.</summary>
    public const uint Star = 0;

    public IReadOnlyList<(uint From, uint To)> Ranges => ranges;

    /// <summary>Whether the set has <paramref name="number"/> when <paramref name="largest"/> is what <c>*</c> means.</summary>
    public bool Contains(uint number, uint largest)
    {
        foreach (var range in ranges)
        {
            var (low, high) = Order(range, largest);
            if (number >= low && number <= high) return true;
        }

        return false;
    }

    /// <summary>
    /// Places, ascending and each once, of the members among <paramref name="count"/> ascending numbers (<paramref name="numberAt"/>). With message numbers one that does not exist
    /// makes the set invalid (null, RFC 3501 §6.4.8 leaves only UIDs free to name what is not there).
    /// </summary>
    public List<int>? Resolve(int count, Func<int, uint> numberAt, bool uids)
    {
        var largest = count == 0 ? 0 : numberAt(count - 1);
        var taken = new List<int>();
        var ordered = true;
        foreach (var range in ranges)
        {
            var (low, high) = Order(range, largest);
            if (!uids && (low < 1 || high > (uint)count)) return null;
            var at = uids ? FirstAtLeast(low, count, numberAt) : (int)low - 1;
            for (; at < count && numberAt(at) <= high; at++)
            {
                ordered &= taken.Count == 0 || at > taken[^1];

                // Ranges that overlap a thousand times must not make a list a thousand times as long as the mailbox.
                if (taken.Count >= 2 * count)
                {
                    taken = [.. taken.Order().Distinct()];
                    ordered = true;
                    if (taken.Count == count) return taken;
                }

                taken.Add(at);
            }
        }

        return ordered ? taken : [.. taken.Order().Distinct()];
    }

    /// <summary>Writes ascending numbers as a set, neighbours as ranges.</summary>
    public static void Write(ReadOnlySpan<uint> numbers, StringBuilder text)
    {
        for (var from = 0; from < numbers.Length;)
        {
            var to = from;
            while (to + 1 < numbers.Length && numbers[to + 1] == numbers[to] + 1) to++;
            if (from > 0) text.Append(',');
            text.Append(numbers[from]);
            if (to > from) text.Append(':').Append(numbers[to]);
            from = to + 1;
        }
    }

    public void WriteTo(IBufferWriter<byte> output)
    {
        for (var i = 0; i < ranges.Count; i++)
        {
            if (i > 0) output.Write(","u8);
            WriteNumber(ranges[i].From, output);
            if (ranges[i].From == ranges[i].To) continue;
            output.Write(":"u8);
            WriteNumber(ranges[i].To, output);
        }
    }

    private static void WriteNumber(uint number, IBufferWriter<byte> output)
    {
        if (number == Star) output.Write("*"u8);
        else ImapText.WriteNumber(number, output);
    }

    private static (uint Low, uint High) Order((uint From, uint To) range, uint largest)
    {
        var from = range.From == Star ? largest : range.From;
        var to = range.To == Star ? largest : range.To;
        return from <= to ? (from, to) : (to, from);
    }

    private static int FirstAtLeast(uint number, int count, Func<int, uint> numberAt)
    {
        int low = 0, high = count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (numberAt(middle) < number) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}
