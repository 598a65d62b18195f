using System.Globalization;
using System.Text;
using MailBench.Testing.Smtp;

namespace MailBench.Testing;

/// <summary>How the machine's input is cut.</summary>
public enum Cut { Whole, ByLine, ByByte }

/// <summary>What playing a dialogue gave: the machine's output and its owner's calls, beside what the file says of both.</summary>
public sealed record Played(string Output, string ExpectedOutput, IReadOnlyList<string> Calls, IReadOnlyList<string> ExpectedCalls);

/// <summary>
/// A dialogue file of any protocol. <c>C: </c> and <c>S: </c> lines are the client's and the server's, CRLF added; <c>C~ </c> and <c>S~ </c> lines come without CRLF; escapes as in <see cref="Octets"/>, and
/// <c>{N*x}</c> stands for N times x. <c>E: </c> lines are the owner's calls (checked when there are any). <c>#</c> comments. Lines that begin with <c>@</c> are directives, which the protocol's player
/// reads; <c>@option Name=value</c> changes the machine's options in all of them.
/// </summary>
public sealed class Dialogue
{
    private readonly List<(char Side, byte[] Octets)> _lines = [];
    private readonly List<string> _calls = [];

    /// <summary>Takes octets and returns how many; the rest is presented again.</summary>
    public delegate int Receiver(ReadOnlySpan<byte> presented);

    public List<(string Name, string Value)> Directives { get; } = [];

    public static Dialogue Load(string path)
    {
        var dialogue = new Dialogue();
        foreach (var line in File.ReadLines(path))
        {
            if (line.Length == 0 || line[0] == '#') continue;
            if (line[0] == '@') dialogue.Directives.Add(line.IndexOf(' ', StringComparison.Ordinal) is > 0 and var space ? (line[..space], line[(space + 1)..]) : (line, ""));
            else if (line.StartsWith("E: ", StringComparison.Ordinal)) dialogue._calls.Add(line[3..]);
            else if (line[0] is 'C' or 'S' && line.Length > 2 && line[1] is ':' or '~') dialogue._lines.Add((line[0], [.. Octets.Read(Repeat(line[3..])), .. line[1] == ':' ? "\r\n"u8 : default]));
            else throw new InvalidDataException($"{path}: no line of a dialogue: {line}");
        }

        return dialogue;
    }

    /// <summary>All that a side says.</summary>
    public byte[] Join(char side) => [.. _lines.Where(line => line.Side == side).SelectMany(static line => line.Octets)];

    /// <summary>The lengths that a side's octets are cut into.</summary>
    public IEnumerable<int> Pieces(char side, Cut cut)
    {
        var lengths = _lines.Where(line => line.Side == side).Select(static line => line.Octets.Length);
        return cut switch
        {
            Cut.Whole => [lengths.Sum()],
            Cut.ByByte => Enumerable.Repeat(1, lengths.Sum()),
            _ => lengths,
        };
    }

    /// <summary>Presents a side's octets piece by piece, what was left in front.</summary>
    public void Present(char side, Cut cut, Receiver receive)
    {
        var input = Join(side);
        int start = 0, end = 0;
        foreach (var piece in Pieces(side, cut))
        {
            end += piece;
            start += receive(input.AsSpan(start, end - start));
        }
    }

    /// <summary>What came of it, beside what the file says: the machine played the part of <paramref name="side"/>.</summary>
    public Played Result(ReadOnlySpan<byte> output, char side, IReadOnlyList<string> calls) => new(Octets.Show(output), Octets.Show(Join(side)), calls, _calls);

    /// <summary>Applies <c>@option Name=value</c> directives to an options record by name.</summary>
    public T Options<T>(T options) where T : class
    {
        foreach (var (name, value) in Directives)
        {
            if (name != "@option") continue;
            var pair = value.Split('=', 2);
            var property = typeof(T).GetProperty(pair[0]) ?? throw new InvalidDataException($"No option {pair[0]} in {typeof(T).Name}.");
            property.SetValue(options, Convert.ChangeType(pair[1], property.PropertyType, CultureInfo.InvariantCulture));
        }

        return options;
    }

    private static string Repeat(string text)
    {
        var from = 0;
        while (text.IndexOf('{', from) is >= 0 and var open)
        {
            var star = text.IndexOf('*', open);
            var close = star < 0 ? -1 : text.IndexOf('}', star);
            if (close < 0 || !int.TryParse(text.AsSpan(open + 1, star - open - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var times))
            {
                // A literal's head has braces too.
                from = open + 1;
                continue;
            }

            text = text[..open] + new StringBuilder().Insert(0, text[(star + 1)..close], times) + text[(close + 1)..];
        }

        return text;
    }
}
