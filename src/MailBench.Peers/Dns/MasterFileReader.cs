using System.Text;

namespace MailBench.Peers.Dns;

/// <summary>One word of a master file. Escapes are still in it: what they mean depends on where it stands.</summary>
internal readonly record struct MasterToken(string Text, bool IsQuoted);

/// <summary>One entry: its words, whether the line began with blank space (the owner is the last one), and where it began.</summary>
internal sealed record MasterEntry(int Line, bool HasOwner, IReadOnlyList<MasterToken> Tokens);

/// <summary>Splits a master file into entries: comments, quoted strings, escapes, and parentheses that join lines (RFC 1035 §5.1).</summary>
internal sealed class MasterFileReader(string text)
{
    private const int MaxTokens = 4096;

    private int _at;
    private int _line = 1;

    /// <summary>The next entry that is not empty, or null at the end. Throws <see cref="ZoneException"/> without a place; <see cref="Line"/> tells it.</summary>
    public MasterEntry? Next()
    {
        while (_at < text.Length)
        {
            var line = _line;
            var hasOwner = !IsBlank(text[_at]);
            var tokens = ReadEntry();
            if (tokens.Count > 0) return new MasterEntry(line, hasOwner, tokens);
        }

        return null;
    }

    /// <summary>Where the reader stands, from 1.</summary>
    public int Line => _line;

    private List<MasterToken> ReadEntry()
    {
        var tokens = new List<MasterToken>();
        var depth = 0;
        while (_at < text.Length)
        {
            var c = text[_at];
            switch (c)
            {
                case '\n':
                    _at++;
                    _line++;
                    if (depth == 0) return tokens;
                    break;
                case ';':
                    while (_at < text.Length && text[_at] != '\n') _at++;
                    break;
                case '(':
                    depth++;
                    _at++;
                    break;
                case ')':
                    if (--depth < 0) throw new ZoneException("a closing parenthesis without an opening one");
                    _at++;
                    break;
                case '"':
                    tokens.Add(new MasterToken(ReadQuoted(), true));
                    break;
                default:
                    if (IsBlank(c)) _at++;
                    else tokens.Add(new MasterToken(ReadWord(), false));
                    break;
            }

            if (tokens.Count > MaxTokens) throw new ZoneException($"more than {MaxTokens} words in one entry");
        }

        return depth == 0 ? tokens : throw new ZoneException("the file ends within parentheses");
    }

    private string ReadQuoted()
    {
        var word = new StringBuilder();
        for (_at++; _at < text.Length && text[_at] != '\n'; _at++)
        {
            if (text[_at] == '"')
            {
                _at++;
                return word.ToString();
            }

            if (text[_at] == '\\' && _at + 1 < text.Length) word.Append(text[_at++]);
            word.Append(text[_at]);
        }

        throw new ZoneException("a quoted string does not end on its line");
    }

    private string ReadWord()
    {
        var start = _at;
        while (_at < text.Length && !IsBlank(text[_at]) && text[_at] is not ('\n' or ';' or '(' or ')' or '"'))
            _at += text[_at] == '\\' && _at + 1 < text.Length && text[_at + 1] != '\n' ? 2 : 1;
        return text[start.._at];
    }

    private static bool IsBlank(char c) => c is ' ' or '\t' or '\r';
}
