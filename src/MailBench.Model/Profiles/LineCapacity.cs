using MailBench.Model.Units;

namespace MailBench.Model.Profiles;

/// <summary>A line's capacity per direction; written <c>10Mbit/s</c> when both are equal, else <c>10Mbit/s/1Mbit/s</c> (forward, toward the sink, first).</summary>
public readonly record struct LineCapacity(BitRate Forward, BitRate Reverse)
{
    public bool IsUnlimited => Forward.IsUnlimited && Reverse.IsUnlimited;

    public static bool TryParse(string? text, out LineCapacity capacity)
    {
        capacity = default;
        if (BitRate.TryParse(text, out var both))
        {
            capacity = new LineCapacity(both, both);
            return true;
        }

        // The slash between the directions follows a rate's own "/s", or the word "unlimited".
        for (var slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1; slash > 0; slash = text!.IndexOf('/', slash + 1))
        {
            if (!BitRate.TryParse(text![..slash], out var forward) || !BitRate.TryParse(text[(slash + 1)..], out var reverse)) continue;
            capacity = new LineCapacity(forward, reverse);
            return true;
        }

        return false;
    }

    public static LineCapacity Parse(string text) => TryParse(text, out var capacity)
        ? capacity
        : throw new FormatException($"'{text}' is not a line capacity; write for example 1.5Mbit/s, unlimited or 100Mbit/s/10Mbit/s.");

    public override string ToString() => Forward == Reverse ? Forward.ToString() : $"{Forward}/{Reverse}";
}
