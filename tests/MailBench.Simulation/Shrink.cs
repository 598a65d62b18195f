namespace MailBench.Simulation;

/// <summary>Makes a failing scenario small: takes away messages, recipients and faults as long as it fails still.</summary>
internal static class Shrink
{
    /// <summary>Null, or why the scenario fails.</summary>
    public static string? Failure(Scenario scenario)
    {
        try
        {
            new World(scenario).Run();
            return null;
        }
        catch (BrokenInvariantException broken)
        {
            return broken.Message;
        }
        catch (Exception defect) when (defect is InvalidOperationException or NullReferenceException or IndexOutOfRangeException or ArgumentException)
        {
            return defect.ToString();
        }
    }

    /// <summary>The smallest scenario found in at most <paramref name="runs"/> runs that fails (with whatever words).</summary>
    public static Scenario Smallest(Scenario failing, Func<Scenario, string?> failure, int runs = 400)
    {
        for (var progress = true; progress;)
        {
            progress = false;
            foreach (var candidate in Smaller(failing))
            {
                if (runs-- <= 0) return failing;
                if (failure(candidate) is null) continue;
                (failing, progress) = (candidate, true);
                break;
            }
        }

        return failing;
    }

    private static IEnumerable<Scenario> Smaller(Scenario scenario)
    {
        for (var size = scenario.Messages.Count; size >= 1; size /= 2)
            for (var from = 0; from < scenario.Messages.Count; from += size)
                if (size < scenario.Messages.Count) yield return scenario with { Messages = [.. scenario.Messages.Take(from), .. scenario.Messages.Skip(from + size)] };
        for (var i = 0; i < scenario.Hosts.Count; i++)
            if (!scenario.Hosts[i].IsSound) yield return scenario with { Hosts = With(scenario.Hosts, i, new SimHost(scenario.Hosts[i].Name)) };
        for (var i = 0; i < scenario.Messages.Count; i++)
        {
            var to = scenario.Messages[i].Domains;
            for (var size = to.Count / 2; size >= 1; size /= 2)
                for (var from = 0; from < to.Count; from += size)
                    yield return scenario with { Messages = With(scenario.Messages, i, scenario.Messages[i] with { Domains = [.. to.Take(from), .. to.Skip(from + size)] }) };
        }

        for (var i = 0; i < scenario.Domains.Count; i++)
            if (scenario.Domains[i].Exchanges.Count > 1)
                for (var x = 0; x < scenario.Domains[i].Exchanges.Count; x++)
                    yield return scenario with { Domains = With(scenario.Domains, i, scenario.Domains[i] with { Exchanges = [.. scenario.Domains[i].Exchanges.Where((_, at) => at != x)] }) };
    }

    private static T[] With<T>(IReadOnlyList<T> list, int at, T value)
    {
        var changed = list.ToArray();
        changed[at] = value;
        return changed;
    }
}
