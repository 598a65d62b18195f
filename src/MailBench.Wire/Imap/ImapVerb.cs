using System.Text;

namespace MailBench.Wire.Imap;

/// <summary>Commands of RFC 3501 and of the extensions that the capabilities name (RFC 2177, 2342, 2971, 3691, 4315, 5161, 6851; 7162 adds to what they take). <c>Uid</c> is a prefix, never a command's verb.</summary>
public enum ImapVerb : byte
{
    Unknown,
    Capability, Noop, Logout, Id,
    Login, Authenticate, StartTls,
    Enable, Select, Examine, Create, Delete, Rename, Subscribe, Unsubscribe, List, Lsub, Namespace, Status, Append, Idle,
    Check, Close, Unselect, Expunge, Search, Fetch, Store, Copy, Move,
    Uid,
}

internal static class ImapVerbs
{
    private static readonly byte[][] Words = [.. Enum.GetNames<ImapVerb>().Select(static name => Encoding.ASCII.GetBytes(name.ToUpperInvariant()))];

    /// <summary>In any case; <see cref="ImapVerb.Unknown"/> for what is none.</summary>
    public static ImapVerb Read(ReadOnlySpan<byte> word)
    {
        for (var verb = ImapVerb.Capability; verb <= ImapVerb.Uid; verb++)
            if (Ascii.EqualsIgnoreCase(word, Words[(int)verb])) return verb;
        return ImapVerb.Unknown;
    }

    public static ReadOnlySpan<byte> WordOf(ImapVerb verb) => Words[(int)verb];

    /// <summary>May it be said in any state, before the login only, after it only, or with a mailbox selected only (RFC 3501 §3)?</summary>
    public static ImapState NeededBy(ImapVerb verb) => verb switch
    {
        ImapVerb.Capability or ImapVerb.Noop or ImapVerb.Logout or ImapVerb.Id => ImapState.Any,
        ImapVerb.Login or ImapVerb.Authenticate or ImapVerb.StartTls => ImapState.NotAuthenticated,
        < ImapVerb.Check => ImapState.Authenticated,
        _ => ImapState.Selected,
    };
}

/// <summary>The states of RFC 3501 §3, in the order of what they allow; <c>Any</c>: a command that all of them know.</summary>
public enum ImapState : byte { Any, NotAuthenticated, Authenticated, Selected }
