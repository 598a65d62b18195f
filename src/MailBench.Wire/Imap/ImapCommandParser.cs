using System.Text;

namespace MailBench.Wire.Imap;

/// <summary>
/// Reads the arguments of a command (RFC 3501 §9), literals inline; never throws, whatever the octets. LOGIN, AUTHENTICATE and ID are read by the machine, SEARCH and FETCH in files of
/// their own.
/// </summary>
internal static partial class ImapCommandParser
{
    /// <summary>Parts of a command that are lists are not longer than this.</summary>
    private const int MaxItems = 200;

    /// <summary>The command of <paramref name="tag"/> whose arguments the cursor stands before (at the space, or at the end); null: it is bad.</summary>
    public static ImapCommand? Parse(string tag, ImapVerb verb, bool isUid, scoped ref ImapCursor cursor)
    {
        var command = Arguments(tag, verb, isUid, ref cursor);
        return cursor.IsAtEnd ? command : null;
    }

    /// <summary>APPEND as far as the <c>{</c> of its content, which must be the end of what the cursor has.</summary>
    public static ImapCommand? ParseAppend(string tag, scoped ref ImapCursor cursor)
    {
        var flags = ImapFlags.None;
        DateTimeOffset time = default;
        if (!cursor.TakeSpace() || !cursor.TryName(out var mailbox) || !cursor.TakeSpace()) return null;
        if (cursor.IsNext((byte)'(') && (!cursor.TryFlags(out flags, bare: false) || !cursor.TakeSpace())) return null;
        var dated = cursor.IsNext((byte)'"');
        if (dated && (!cursor.TryDateTime(out time) || !cursor.TakeSpace())) return null;
        return cursor.IsAtEnd ? new ImapCommand { Tag = tag, Verb = ImapVerb.Append, Mailbox = mailbox, Flags = flags, Date = dated ? time : null } : null;
    }

    private static ImapCommand? Arguments(string tag, ImapVerb verb, bool isUid, scoped ref ImapCursor cursor)
    {
        switch (verb)
        {
            case ImapVerb.Capability or ImapVerb.Noop or ImapVerb.Logout or ImapVerb.Namespace or ImapVerb.Idle or ImapVerb.Check or ImapVerb.Close or ImapVerb.Unselect:
            case ImapVerb.Expunge when !isUid:
                return new ImapCommand { Tag = tag, Verb = verb };
            case ImapVerb.Select or ImapVerb.Examine:
                return cursor.TakeSpace() && cursor.TryName(out var mailbox) ? new ImapCommand { Tag = tag, Verb = verb, Mailbox = mailbox, CondStore = cursor.TakeWord(" (CONDSTORE)"u8) } : null;
            case ImapVerb.Create or ImapVerb.Delete or ImapVerb.Subscribe or ImapVerb.Unsubscribe:
                return cursor.TakeSpace() && cursor.TryName(out mailbox) ? new ImapCommand { Tag = tag, Verb = verb, Mailbox = mailbox } : null;
            case ImapVerb.Rename:
                return cursor.TakeSpace() && cursor.TryName(out mailbox) && cursor.TakeSpace() && cursor.TryName(out var other) ? new ImapCommand { Tag = tag, Verb = verb, Mailbox = mailbox, Other = other } : null;
            case ImapVerb.List or ImapVerb.Lsub:
                return cursor.TakeSpace() && cursor.TryName(out mailbox) && cursor.TakeSpace() && cursor.TryName(out other, wildcards: true) ? new ImapCommand { Tag = tag, Verb = verb, Mailbox = mailbox, Other = other } : null;
            case ImapVerb.Status: return Status(tag, ref cursor);
            case ImapVerb.Enable: return Enable(tag, ref cursor);
            case ImapVerb.Expunge:
                return cursor.TakeSpace() && cursor.TrySet(out var set) ? new ImapCommand { Tag = tag, Verb = verb, IsUid = true, Set = set } : null;
            case ImapVerb.Copy or ImapVerb.Move:
                return cursor.TakeSpace() && cursor.TrySet(out set) && cursor.TakeSpace() && cursor.TryName(out mailbox) ? new ImapCommand { Tag = tag, Verb = verb, IsUid = isUid, Set = set, Mailbox = mailbox } : null;
            case ImapVerb.Store: return Store(tag, isUid, ref cursor);
            case ImapVerb.Fetch: return Fetch(tag, isUid, ref cursor);
            case ImapVerb.Search: return Search(tag, isUid, ref cursor);
            default: return null;
        }
    }

    private static ImapCommand? Status(string tag, scoped ref ImapCursor cursor)
    {
        if (!cursor.TakeSpace() || !cursor.TryName(out var mailbox) || !cursor.TakeSpace() || !cursor.Take((byte)'(')) return null;
        var items = StatusItems.None;
        do
        {
            // A number would be read as an item by its value.
            if (cursor.TryNumber(out _) || !Enum.TryParse<StatusItems>(Encoding.ASCII.GetString(cursor.Word()), ignoreCase: true, out var item) || item == StatusItems.None || !Enum.IsDefined(item)) return null;
            items |= item;
        }
        while (cursor.TakeSpace());
        return cursor.Take((byte)')') ? new ImapCommand { Tag = tag, Verb = ImapVerb.Status, Mailbox = mailbox, Status = items } : null;
    }

    /// <summary>RFC 5161: names of capabilities, of which only CONDSTORE can be enabled here.</summary>
    private static ImapCommand? Enable(string tag, scoped ref ImapCursor cursor)
    {
        if (cursor.IsAtEnd) return null;
        var condStore = false;
        while (cursor.TakeSpace())
        {
            if (!cursor.TryAtom(out var name)) return null;
            condStore |= Ascii.EqualsIgnoreCase(name, "CONDSTORE"u8);
        }

        return new ImapCommand { Tag = tag, Verb = ImapVerb.Enable, CondStore = condStore };
    }

    private static ImapCommand? Store(string tag, bool isUid, scoped ref ImapCursor cursor)
    {
        if (!cursor.TakeSpace() || !cursor.TrySet(out var set) || !cursor.TakeSpace()) return null;
        long? since = null;
        if (cursor.TakeWord("(UNCHANGEDSINCE "u8))
        {
            if (!cursor.TryModSeq(out var modSeq) || !cursor.TakeWord(") "u8)) return null;
            since = modSeq;
        }

        var mode = cursor.Take((byte)'+') ? StoreMode.Add : cursor.Take((byte)'-') ? StoreMode.Remove : StoreMode.Replace;
        if (!cursor.TakeWord("FLAGS"u8)) return null;
        var silent = cursor.TakeWord(".SILENT"u8);
        return cursor.TakeSpace() && cursor.TryFlags(out var flags, bare: true)
            ? new ImapCommand { Tag = tag, Verb = ImapVerb.Store, IsUid = isUid, Set = set, Mode = mode, Silent = silent, Flags = flags, Since = since }
            : null;
    }
}
