using System.Globalization;

namespace MailBench.Benchmarks.Rows;

/// <summary>The rounds of a row: each is printed as it comes, the medians and their spread at the end.</summary>
internal sealed class Medians
{
    private readonly List<(string Name, string Unit, List<double> Values)> _figures = [];

    public Medians(string heading) => Console.WriteLine($"{heading}\n{MachineTime.Describe()}");

    public void Add(string name, double value, string unit)
    {
        var figure = _figures.Find(known => known.Name == name);
        if (figure.Values is null) _figures.Add(figure = (name, unit, []));
        figure.Values.Add(value);
    }

    /// <summary>The figure of the round that is under way.</summary>
    public double Last(string name) => _figures.Find(known => known.Name == name).Values[^1];

    public void EndRound(int round, MachineTime before)
    {
        var figures = _figures.Where(figure => figure.Values.Count > 0).Select(figure => $"{figure.Name} {Say(figure.Values[^1], figure.Unit)}");
        Console.WriteLine($"round {round + 1}: {string.Join(", ", figures)} ({MachineTime.Now().Since(before)})");
    }

    public void Print()
    {
        Console.WriteLine("medians (least … most):");
        foreach (var (name, unit, values) in _figures) Console.WriteLine($"  {name,-44} {Say(Median(values), unit),14}   ({Say(values.Min(), unit)} … {Say(values.Max(), unit)})");
    }

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private static string Say(double value, string unit) => unit switch
    {
        "%" => value.ToString("P2", CultureInfo.InvariantCulture),
        "/s" => value.ToString("N0", CultureInfo.InvariantCulture) + "/s",
        _ => string.Create(CultureInfo.InvariantCulture, $"{value:0.000} {unit}").TrimEnd(),
    };
}
