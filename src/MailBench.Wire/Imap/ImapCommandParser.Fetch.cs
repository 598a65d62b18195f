using System.Text;

namespace MailBench.Wire.Imap;

/// <summary>FETCH: a macro, an item, or items in parentheses (RFC 3501 §6.4.5), and CHANGEDSINCE (RFC 7162 §3.1.4.1).</summary>
internal static partial class ImapCommandParser
{
    private const int MaxPath = 50;

    private static readonly FetchItem[] Fast = [new(FetchKind.Flags), new(FetchKind.InternalDate), new(FetchKind.Size)];
    private static readonly FetchItem[] All = [.. Fast, new(FetchKind.Envelope)];
    private static readonly FetchItem[] Full = [.. All, new(FetchKind.Body)];

    private static ImapCommand? Fetch(string tag, bool isUid, scoped ref ImapCursor cursor)
    {
        if (!cursor.TakeSpace() || !cursor.TrySet(out var set) || !cursor.TakeSpace()) return null;
        var items = new List<FetchItem>();
        if (cursor.Take((byte)'('))
        {
            do
            {
                if (items.Count == MaxItems || Item(ref cursor, cursor.Word()) is not { } item) return null;
                items.Add(item);
            }
            while (cursor.TakeSpace());
            if (!cursor.Take((byte)')')) return null;
        }
        else
        {
            var word = cursor.Word();
            if (Ascii.EqualsIgnoreCase(word, "ALL"u8)) items.AddRange(All);
            else if (Ascii.EqualsIgnoreCase(word, "FAST"u8)) items.AddRange(Fast);
            else if (Ascii.EqualsIgnoreCase(word, "FULL"u8)) items.AddRange(Full);
            else if (Item(ref cursor, word) is { } item) items.Add(item);
            else return null;
        }

        long? since = null;
        if (cursor.TakeSpace())
        {
            if (!cursor.TakeWord("(CHANGEDSINCE "u8) || !cursor.TryModSeq(out var modSeq) || !cursor.Take((byte)')')) return null;
            since = modSeq;
            if (!items.Exists(static item => item.Kind == FetchKind.ModSeq)) items.Add(new FetchItem(FetchKind.ModSeq));
        }

        // RFC 3501 §6.4.8: the UID is told whether it was asked for or not.
        if (isUid && !items.Exists(static item => item.Kind == FetchKind.Uid)) items.Insert(0, new FetchItem(FetchKind.Uid));
        return new ImapCommand { Tag = tag, Verb = ImapVerb.Fetch, IsUid = isUid, Set = set, Items = items, Since = since };
    }

    private static FetchItem? Item(scoped ref ImapCursor cursor, ReadOnlySpan<byte> word)
    {
        if (Ascii.EqualsIgnoreCase(word, "FLAGS"u8)) return new FetchItem(FetchKind.Flags);
        if (Ascii.EqualsIgnoreCase(word, "UID"u8)) return new FetchItem(FetchKind.Uid);
        if (Ascii.EqualsIgnoreCase(word, "MODSEQ"u8)) return new FetchItem(FetchKind.ModSeq);
        if (Ascii.EqualsIgnoreCase(word, "INTERNALDATE"u8)) return new FetchItem(FetchKind.InternalDate);
        if (Ascii.EqualsIgnoreCase(word, "RFC822.SIZE"u8)) return new FetchItem(FetchKind.Size);
        if (Ascii.EqualsIgnoreCase(word, "ENVELOPE"u8)) return new FetchItem(FetchKind.Envelope);
        if (Ascii.EqualsIgnoreCase(word, "BODYSTRUCTURE"u8)) return new FetchItem(FetchKind.BodyStructure);
        if (Ascii.EqualsIgnoreCase(word, "RFC822"u8)) return new FetchItem(FetchKind.Rfc822, ImapSection.Whole);
        if (Ascii.EqualsIgnoreCase(word, "RFC822.HEADER"u8)) return new FetchItem(FetchKind.Rfc822Header, ImapSection.Header);
        if (Ascii.EqualsIgnoreCase(word, "RFC822.TEXT"u8)) return new FetchItem(FetchKind.Rfc822Text, ImapSection.Body);
        var peek = Ascii.EqualsIgnoreCase(word, "BODY.PEEK"u8);
        if (!peek && !Ascii.EqualsIgnoreCase(word, "BODY"u8)) return null;
        if (!cursor.Take((byte)'[')) return peek ? null : new FetchItem(FetchKind.Body);
        if (Section(ref cursor) is not { } section || !cursor.Take((byte)']')) return null;
        if (!cursor.Take((byte)'<')) return new FetchItem(FetchKind.Section, section, peek);
        return cursor.TryNumber(out var offset) && cursor.Take((byte)'.') && cursor.TryNumber(out var count) && count > 0 && cursor.Take((byte)'>')
            ? new FetchItem(FetchKind.Section, section, peek, offset, count)
            : null;
    }

    private static ImapSection? Section(scoped ref ImapCursor cursor)
    {
        var path = new List<int>();
        while (cursor.TryNumber(out var number))
        {
            if (number is 0 or > int.MaxValue || path.Count == MaxPath) return null;
            path.Add((int)number);
            if (!cursor.Take((byte)'.')) return new ImapSection(path, SectionText.Whole, []);
        }

        if (path.Count == 0 && cursor.IsNext((byte)']')) return ImapSection.Whole;
        var word = cursor.Word();
        if (Ascii.EqualsIgnoreCase(word, "HEADER"u8)) return new ImapSection(path, SectionText.Header, []);
        if (Ascii.EqualsIgnoreCase(word, "TEXT"u8)) return new ImapSection(path, SectionText.Text, []);
        if (Ascii.EqualsIgnoreCase(word, "MIME"u8)) return path.Count > 0 ? new ImapSection(path, SectionText.Mime, []) : null;
        if (Ascii.EqualsIgnoreCase(word, "HEADER.FIELDS"u8)) return Fields(path, SectionText.HeaderFields, ref cursor);
        return Ascii.EqualsIgnoreCase(word, "HEADER.FIELDS.NOT"u8) ? Fields(path, SectionText.HeaderFieldsNot, ref cursor) : null;
    }

    private static ImapSection? Fields(List<int> path, SectionText text, scoped ref ImapCursor cursor)
    {
        var fields = new List<string>();
        if (!cursor.TakeSpace() || !cursor.Take((byte)'(')) return null;
        do
        {
            if (fields.Count == MaxItems || !TryField(ref cursor, out var field)) return null;
            fields.Add(field);
        }
        while (cursor.TakeSpace());
        return cursor.Take((byte)')') ? new ImapSection(path, text, fields) : null;
    }

    /// <summary>A header field's name (RFC 5322 §2.2): printable, without colon; it is said again in the response.</summary>
    private static bool TryField(scoped ref ImapCursor cursor, out string field)
    {
        field = "";
        if (!cursor.TryAString(out var name) || name.IsEmpty || name.IndexOfAnyExceptInRange((byte)'!', (byte)'~') >= 0 || name.Contains((byte)':')) return false;
        field = Encoding.ASCII.GetString(name);
        return true;
    }
}
