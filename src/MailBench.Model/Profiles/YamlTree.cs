using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace MailBench.Model.Profiles;

/// <summary>A node of a profile's YAML with the line and column (from 1) where it begins.</summary>
internal abstract record YamlTree(long Line, long Column)
{
    private const int MaxLength = 1 << 20;
    private const int MaxDepth = 12;
    private const int MaxNodes = 100_000;

    /// <summary>
    /// Reads one document, strictly: no duplicate keys, anchors, aliases, tags or tabs, at most 1 MiB. An empty document is an empty mapping. Throws
    /// <see cref="ProfileException"/> with file and line.
    /// </summary>
    public static YamlTree Read(string text, string file)
    {
        if (text.Length > MaxLength) throw new ProfileException(file, $"the file has {text.Length:#,0} characters; a profile has at most {MaxLength:#,0}. Is it a profile?");
        RefuseTabs(text, file);
        try
        {
            var parser = new Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _)) return new YamlMap(1, 1, []);
            parser.Consume<DocumentStart>();
            var nodes = 0;
            var root = ReadNode(parser, file, 0, ref nodes);
            parser.Consume<DocumentEnd>();
            if (parser.Current is { } next && next is not StreamEnd)
                throw new ProfileException(At(file, next.Start.Line), "a second document begins; a profile is one document.");
            return root is YamlScalar { Text: "" } ? new YamlMap(1, 1, []) : root;
        }
        catch (YamlException malformed)
        {
            throw new ProfileException(At(file, malformed.Start.Line), $"not well-formed YAML: {malformed.Message}");
        }
        catch (Exception malformed) when (malformed is InvalidOperationException or ArgumentException)
        {
            // The parser says so of some broken documents ("...%?"), without a line.
            throw new ProfileException(file, $"not well-formed YAML: {malformed.Message}");
        }
    }

    public static string At(string file, long line) => $"{file}:{line}";

    private static YamlTree ReadNode(Parser parser, string file, int depth, ref int nodes)
    {
        if (++nodes > MaxNodes) throw new ProfileException(file, $"more than {MaxNodes:#,0} values; that is no profile.");
        var line = parser.Current!.Start.Line;
        if (depth > MaxDepth) throw new ProfileException(At(file, line), $"nested deeper than {MaxDepth} levels; no setting is.");
        if (parser.Accept<AnchorAlias>(out _)) throw new ProfileException(At(file, line), "an alias (*name): profiles have none; write the value out, or use a sweep's set.");
        if (parser.Current is NodeEvent { Anchor.IsEmpty: false }) throw new ProfileException(At(file, line), "an anchor (&name): profiles have none; write the value out, or use a sweep's set.");
        if (parser.Current is NodeEvent { Tag.IsEmpty: false }) throw new ProfileException(At(file, line), "a tag (!name): profiles have none; the setting itself says what kind its value is.");
        if (parser.TryConsume<Scalar>(out var scalar)) return new YamlScalar(scalar.Start.Line, scalar.Start.Column, IsNull(scalar) ? "" : scalar.Value);
        if (parser.TryConsume<SequenceStart>(out var sequence))
        {
            var items = new List<YamlTree>();
            while (!parser.TryConsume<SequenceEnd>(out _)) items.Add(ReadNode(parser, file, depth + 1, ref nodes));
            return new YamlList(sequence.Start.Line, sequence.Start.Column, items);
        }

        var start = parser.Consume<MappingStart>();
        var entries = new List<YamlEntry>();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (ReadNode(parser, file, depth + 1, ref nodes) is not YamlScalar key) throw new ProfileException(At(file, line), "a key must be a plain word.");
            if (entries.Find(entry => entry.Key.Text == key.Text) is { } first)
                throw new ProfileException(At(file, key.Line), $"'{key.Text}' is given twice; it stands in line {first.Key.Line} already.");
            entries.Add(new YamlEntry(key, ReadNode(parser, file, depth + 1, ref nodes)));
        }

        return new YamlMap(start.Start.Line, start.Start.Column, entries);
    }

    private static bool IsNull(Scalar scalar) => scalar.Style == ScalarStyle.Plain && scalar.Value is "~" or "null";

    private static void RefuseTabs(string text, string file)
    {
        var line = 1;
        var indenting = true;
        foreach (var character in text)
        {
            if (character == '\t' && indenting) throw new ProfileException(At(file, line), "a tab; YAML is indented with spaces.");
            if (character == '\n') line++;
            indenting = character == '\n' || (indenting && character == ' ');
        }
    }
}

internal sealed record YamlScalar(long Line, long Column, string Text) : YamlTree(Line, Column);

internal sealed record YamlList(long Line, long Column, IReadOnlyList<YamlTree> Items) : YamlTree(Line, Column);

internal sealed record YamlMap(long Line, long Column, IReadOnlyList<YamlEntry> Entries) : YamlTree(Line, Column);

internal sealed record YamlEntry(YamlScalar Key, YamlTree Value);
