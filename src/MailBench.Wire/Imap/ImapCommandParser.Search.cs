using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace MailBench.Wire.Imap;

/// <summary>SEARCH: conditions that all must hold (RFC 3501 §6.4.4).</summary>
internal static partial class ImapCommandParser
{
    private const int MaxDepth = 30, MaxKeys = 1000;

    private static ImapCommand? Search(string tag, bool isUid, scoped ref ImapCursor cursor)
    {
        if (!cursor.TakeSpace() || !TryReturn(ref cursor, out var wanted)) return null;
        var known = true;
        if (cursor.TakeWord("CHARSET "u8))
        {
            if (!cursor.TryAString(out var charset) || !cursor.TakeSpace()) return null;
            known = Ascii.EqualsIgnoreCase(charset, "UTF-8"u8) || Ascii.EqualsIgnoreCase(charset, "US-ASCII"u8);
        }

        var left = MaxKeys;
        return Keys(ref cursor, 0, ref left) is { } key ? new ImapCommand { Tag = tag, Verb = ImapVerb.Search, IsUid = isUid, Search = known ? key : null, Return = wanted } : null;
    }

    /// <summary><c>RETURN (…)</c> and the space behind it, where it is there (RFC 4731 §3.1); in empty brackets all is asked for. False: it names what is not known.</summary>
    private static bool TryReturn(scoped ref ImapCursor cursor, out SearchReturn wanted)
    {
        wanted = SearchReturn.None;
        if (!cursor.TakeWord("RETURN ("u8)) return true;
        if (cursor.TakeWord(") "u8))
        {
            wanted = SearchReturn.All;
            return true;
        }

        do
        {
            var word = cursor.Word();
            SearchReturn? item = Ascii.EqualsIgnoreCase(word, "MIN"u8) ? SearchReturn.Min : Ascii.EqualsIgnoreCase(word, "MAX"u8) ? SearchReturn.Max
                : Ascii.EqualsIgnoreCase(word, "ALL"u8) ? SearchReturn.All : Ascii.EqualsIgnoreCase(word, "COUNT"u8) ? SearchReturn.Count : null;
            if (item is not { } one) return false;
            wanted |= one;
        }
        while (cursor.TakeSpace());
        return cursor.TakeWord(") "u8);
    }

    /// <summary>RFC 7162 §3.1.5: all flags of a message share one mod-sequence, so which of them is asked for (a string and <c>all</c>, <c>priv</c> or <c>shared</c>) makes no difference.</summary>
    private static SearchKey? ModSeq(scoped ref ImapCursor cursor)
    {
        if (!cursor.TakeSpace()) return null;
        if (cursor.IsNext((byte)'"') && !(cursor.TryString(out _) && cursor.TakeSpace() && (cursor.TakeWord("all "u8) || cursor.TakeWord("priv "u8) || cursor.TakeWord("shared "u8)))) return null;
        return cursor.TryModSeq(out var modSeq) ? new SearchKey(SearchKind.ModSeq) { Number = modSeq } : null;
    }

    /// <summary>One or more, separated by spaces; several are their conjunction.</summary>
    private static SearchKey? Keys(scoped ref ImapCursor cursor, int depth, ref int left)
    {
        var keys = new List<SearchKey>();
        do
        {
            if (Key(ref cursor, depth, ref left) is not { } key) return null;
            keys.Add(key);
        }
        while (cursor.TakeSpace());
        return keys.Count == 1 ? keys[0] : new SearchKey(SearchKind.And) { Keys = keys };
    }

    private static SearchKey? Key(scoped ref ImapCursor cursor, int depth, ref int left)
    {
        if (depth > MaxDepth || --left < 0) return null;
        if (cursor.Take((byte)'(')) return Keys(ref cursor, depth + 1, ref left) is { } inner && cursor.Take((byte)')') ? inner : null;
        if (cursor.IsNext((byte)'*')) return Numbers(ref cursor, SearchKind.Numbers);
        var before = cursor;
        var word = cursor.Word();
        if (word.IsEmpty) return null;
        if (word[0] is >= (byte)'0' and <= (byte)'9')
        {
            cursor = before;
            return Numbers(ref cursor, SearchKind.Numbers);
        }

        Span<char> name = stackalloc char[16];
        if (word.Length > name.Length) return null;
        Encoding.ASCII.GetChars(word, name);
        name = name[..word.Length];
        for (var i = 0; i < name.Length; i++) name[i] = char.ToUpperInvariant(name[i]);
        return name switch
        {
            "ALL" => new SearchKey(SearchKind.All),
            "ANSWERED" => Flagged(ImapFlags.Answered),
            "DELETED" => Flagged(ImapFlags.Deleted),
            "DRAFT" => Flagged(ImapFlags.Draft),
            "FLAGGED" => Flagged(ImapFlags.Flagged),
            "SEEN" => Flagged(ImapFlags.Seen),
            "RECENT" => Flagged(ImapFlags.Recent),
            "UNANSWERED" => Not(Flagged(ImapFlags.Answered)),
            "UNDELETED" => Not(Flagged(ImapFlags.Deleted)),
            "UNDRAFT" => Not(Flagged(ImapFlags.Draft)),
            "UNFLAGGED" => Not(Flagged(ImapFlags.Flagged)),
            "UNSEEN" => Not(Flagged(ImapFlags.Seen)),
            "OLD" => Not(Flagged(ImapFlags.Recent)),
            "NEW" => new SearchKey(SearchKind.And) { Keys = [Flagged(ImapFlags.Recent), Not(Flagged(ImapFlags.Seen))] },
            "KEYWORD" => Keyword(ref cursor),
            "UNKEYWORD" => Not(Keyword(ref cursor)),
            "MODSEQ" => ModSeq(ref cursor),
            "UID" => cursor.TakeSpace() ? Numbers(ref cursor, SearchKind.Uids) : null,
            "BEFORE" => Dated(SearchKind.Before, ref cursor),
            "ON" => Dated(SearchKind.On, ref cursor),
            "SINCE" => Dated(SearchKind.Since, ref cursor),
            "SENTBEFORE" => Dated(SearchKind.SentBefore, ref cursor),
            "SENTON" => Dated(SearchKind.SentOn, ref cursor),
            "SENTSINCE" => Dated(SearchKind.SentSince, ref cursor),
            "LARGER" => Sized(SearchKind.Larger, ref cursor),
            "SMALLER" => Sized(SearchKind.Smaller, ref cursor),
            "BCC" or "CC" or "FROM" or "SUBJECT" or "TO" => Headed(name.ToString(), ref cursor),
            "HEADER" => cursor.TakeSpace() && TryField(ref cursor, out var field) ? Headed(field, ref cursor) : null,
            "BODY" => Texted(SearchKind.Body, ref cursor),
            "TEXT" => Texted(SearchKind.Text, ref cursor),
            "NOT" => cursor.TakeSpace() ? Not(Key(ref cursor, depth + 1, ref left)) : null,
            "OR" => cursor.TakeSpace() && Key(ref cursor, depth + 1, ref left) is { } one && cursor.TakeSpace() && Key(ref cursor, depth + 1, ref left) is { } two ? new SearchKey(SearchKind.Or) { Keys = [one, two] } : null,
            _ => null,
        };
    }

    private static SearchKey? Numbers(scoped ref ImapCursor cursor, SearchKind kind) => cursor.TrySet(out var set) ? new SearchKey(kind) { Set = set } : null;

    private static SearchKey Flagged(ImapFlags flag) => new(SearchKind.Flag) { Flag = flag };

    [return: NotNullIfNotNull(nameof(key))]
    private static SearchKey? Not(SearchKey? key) => key is null ? null : new SearchKey(SearchKind.Not) { Keys = [key] };

    private static SearchKey? Keyword(scoped ref ImapCursor cursor) =>
        cursor.TakeSpace() && cursor.TryAtom(out var name) ? new SearchKey(SearchKind.Keyword) { Name = Encoding.ASCII.GetString(name) } : null;

    private static SearchKey? Dated(SearchKind kind, scoped ref ImapCursor cursor) => cursor.TakeSpace() && cursor.TryDate(out var date) ? new SearchKey(kind) { Date = date } : null;

    private static SearchKey? Sized(SearchKind kind, scoped ref ImapCursor cursor) => cursor.TakeSpace() && cursor.TryNumber(out var number) ? new SearchKey(kind) { Number = number } : null;

    private static SearchKey? Headed(string field, scoped ref ImapCursor cursor) =>
        cursor.TakeSpace() && cursor.TryAString(out var text) ? new SearchKey(SearchKind.Header) { Name = field, Text = Encoding.UTF8.GetString(text) } : null;

    private static SearchKey? Texted(SearchKind kind, scoped ref ImapCursor cursor) =>
        cursor.TakeSpace() && cursor.TryAString(out var text) ? new SearchKey(kind) { Text = Encoding.UTF8.GetString(text) } : null;
}
