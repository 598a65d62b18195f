namespace MailBench.Testing.Disk;

/// <summary>
/// A <see cref="Random"/> that makes every choice there is, run by run: the code under test draws by <see cref="Next(int)"/> as it would by chance; <see cref="Advance"/> goes on to the next
/// sequence of answers, in the order of a search in depth. What is drawn may depend on earlier answers.
/// </summary>
public sealed class EveryChoice : Random
{
    private readonly List<(int Value, int Count)> _path = [];
    private int _at;

    /// <summary>A number that means nothing: not a choice.</summary>
    public override int Next() => 1;

    public override int Next(int maxValue)
    {
        if (_at == _path.Count) _path.Add((0, maxValue));
        if (_path[_at].Count != maxValue) throw new InvalidOperationException("The same answers led to another question.");
        return _path[_at++].Value;
    }

    /// <summary>Begins the next run; false when all have been.</summary>
    public bool Advance()
    {
        while (_path.Count > 0 && _path[^1].Value + 1 == _path[^1].Count) _path.RemoveAt(_path.Count - 1);
        _at = 0;
        if (_path.Count == 0) return false;
        _path[^1] = (_path[^1].Value + 1, _path[^1].Count);
        return true;
    }
}
