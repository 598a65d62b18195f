using System.CommandLine;
using System.Net;
using MailBench.Model.Units;

namespace MailBench.Cli.Hosting;

/// <summary>What the commands of nodes share: <c>--control</c>, and reading of values. A wrong one is a <see cref="UsageException"/> that names the option and a right form.</summary>
internal static class NodeOptionsParsing
{
    public static Option<bool> Control() => new("--control") { Description = "Be a child of the runner: standard input carries commands, its end ends the node." };

    /// <summary><c>127.0.0.1:2525</c> or <c>[::1]:2525</c>; port 0 lets the system pick.</summary>
    public static IPEndPoint EndPoint(string option, string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon > 0 && text.IndexOf(']', StringComparison.Ordinal) < colon && (text[0] == '[' || text.IndexOf(':', StringComparison.Ordinal) == colon)
            && IPEndPoint.TryParse(text, out var endPoint))
            return endPoint;
        throw new UsageException($"{option}: '{text}' is not ADDRESS:PORT; write for example 127.0.0.1:2525 or [::1]:2525 (port 0 picks one).");
    }

    public static IReadOnlyList<IPEndPoint> EndPoints(string option, IEnumerable<string> texts) =>
        [.. texts.SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).Select(text => EndPoint(option, text))];

    /// <summary>A time within bounds, both allowed: without a lower one a time of nothing would pass, without an upper one a slip of the unit.</summary>
    public static TimeSpan Time(string option, string text, TimeSpan least, TimeSpan most)
    {
        var time = Value(option, text, Duration.Parse);
        return time >= least && time <= most ? time : throw new UsageException($"{option} {text}: write a time from {Duration.Format(least)} to {Duration.Format(most)}.");
    }

    /// <summary>Runs a unit's Parse and turns its <see cref="FormatException"/> into a usage error that names the option.</summary>
    public static T Value<T>(string option, string text, Func<string, T> parse)
    {
        try
        {
            return parse(text);
        }
        catch (FormatException wrong)
        {
            throw new UsageException($"{option}: {wrong.Message}");
        }
    }
}
