using System.Buffers;
using System.Text;

namespace MailBench.Wire.Imap;

/// <summary>What STORE does with the flags it names.</summary>
public enum StoreMode : byte { Replace, Add, Remove }

/// <summary>What STATUS may ask of a mailbox (RFC 3501 §6.3.10, RFC 8438, RFC 7162 §3.1.7).</summary>
[Flags]
public enum StatusItems : byte { None = 0, Messages = 1, Recent = 2, UidNext = 4, UidValidity = 8, Unseen = 16, Size = 32, HighestModSeq = 64 }

/// <summary>What SEARCH is to answer (RFC 4731 §3.1), in one ESEARCH response; none: a list of all, as RFC 3501 has it.</summary>
[Flags]
public enum SearchReturn : byte { None = 0, Min = 1, Max = 2, All = 4, Count = 8 }

/// <summary>A command that was understood, with what its verb needs of the fields; the others are empty. It keeps nothing of the octets it was read from.</summary>
public sealed class ImapCommand
{
    public required string Tag { get; init; }
    public required ImapVerb Verb { get; init; }

    /// <summary>Said with UID in front: <see cref="Set"/> names UIDs, and so does the answer.</summary>
    public bool IsUid { get; init; }

    /// <summary>A mailbox's name as it came on the wire; LIST and LSUB: the reference.</summary>
    public string Mailbox { get; init; } = "";

    /// <summary>RENAME: the new name; LIST and LSUB: the pattern.</summary>
    public string Other { get; init; } = "";
    public ImapSet? Set { get; init; }
    public IReadOnlyList<FetchItem> Items { get; init; } = [];
    public StoreMode Mode { get; init; }

    /// <summary>STORE: the new flags are not to be told.</summary>
    public bool Silent { get; init; }

    /// <summary>STORE and APPEND: keywords are left out, since they are not kept.</summary>
    public ImapFlags Flags { get; init; }
    public StatusItems Status { get; init; }

    /// <summary>SEARCH: what must hold; null: its texts are in a charset that is not known.</summary>
    public SearchKey? Search { get; init; }

    public SearchReturn Return { get; init; }

    /// <summary>SELECT, EXAMINE and ENABLE: said with CONDSTORE (RFC 7162 §3.1).</summary>
    public bool CondStore { get; init; }

    /// <summary>FETCH: only messages whose mod-sequence is greater (CHANGEDSINCE); STORE: only those whose is not (UNCHANGEDSINCE); null: all.</summary>
    public long? Since { get; init; }

    /// <summary>From now on the client wants mod-sequences in all that is told of flags (RFC 7162 §3.1.2).</summary>
    public bool EnablesCondStore => CondStore || Since is not null || Status.HasFlag(StatusItems.HighestModSeq) || Search is { HasModSeq: true } || Items.Any(static item => item.Kind == FetchKind.ModSeq);

    /// <summary>APPEND: the internal date; null: now.</summary>
    public DateTimeOffset? Date { get; init; }

    /// <summary>Writes the command as a client would, with synchronizing literals where a string cannot be quoted; LOGIN, AUTHENTICATE, ID and APPEND's content excepted.</summary>
    public void WriteTo(IBufferWriter<byte> output)
    {
        output.Write(Encoding.ASCII.GetBytes(Tag));
        if (IsUid) output.Write(" UID"u8);
        output.Write(" "u8);
        output.Write(ImapVerbs.WordOf(Verb));
        switch (Verb)
        {
            case ImapVerb.Select or ImapVerb.Examine:
                Write(Mailbox, output);
                if (CondStore) output.Write(" (CONDSTORE)"u8);
                break;
            case ImapVerb.Enable when CondStore: output.Write(" CONDSTORE"u8); break;
            case ImapVerb.Create or ImapVerb.Delete or ImapVerb.Subscribe or ImapVerb.Unsubscribe: Write(Mailbox, output); break;
            case ImapVerb.Rename:
                Write(Mailbox, output);
                Write(Other, output);
                break;
            case ImapVerb.List or ImapVerb.Lsub:
                Write(Mailbox, output);
                output.Write(" "u8);
                ImapText.WriteString(Encoding.Latin1.GetBytes(Other), output);
                break;
            case ImapVerb.Status: WriteStatus(output); break;
            case ImapVerb.Append: WriteAppend(output); break;
            case ImapVerb.Expunge when Set is not null: Write(Set, output); break;
            case ImapVerb.Copy or ImapVerb.Move:
                Write(Set!, output);
                Write(Mailbox, output);
                break;
            case ImapVerb.Fetch: WriteFetch(output); break;
            case ImapVerb.Store: WriteStore(output); break;
            case ImapVerb.Search:
                if (Return != SearchReturn.None) WriteReturn(output);
                output.Write(" "u8);
                Search!.WriteTo(output);
                break;
        }

        output.Write("\r\n"u8);
    }

    private void WriteReturn(IBufferWriter<byte> output)
    {
        var names = Enum.GetValues<SearchReturn>().Where(item => item != SearchReturn.None && Return.HasFlag(item)).Select(static item => item.ToString().ToUpperInvariant());
        output.Write(Encoding.ASCII.GetBytes($" RETURN ({string.Join(' ', names)})"));
    }

    private void WriteStatus(IBufferWriter<byte> output)
    {
        Write(Mailbox, output);
        var names = Enum.GetValues<StatusItems>().Where(item => item != StatusItems.None && Status.HasFlag(item)).Select(static item => item.ToString().ToUpperInvariant());
        output.Write(Encoding.ASCII.GetBytes($" ({string.Join(' ', names)})"));
    }

    /// <summary>All before the content's <c>{N}</c>.</summary>
    private void WriteAppend(IBufferWriter<byte> output)
    {
        Write(Mailbox, output);
        if (Flags != ImapFlags.None)
        {
            output.Write(" "u8);
            ImapFlagsText.Write(Flags, output);
        }

        if (Date is not { } date) return;
        output.Write(" "u8);
        ImapText.WriteDateTime(date, output);
    }

    private void WriteFetch(IBufferWriter<byte> output)
    {
        Write(Set!, output);
        output.Write(" ("u8);
        for (var i = 0; i < Items.Count; i++)
        {
            if (i > 0) output.Write(" "u8);
            Items[i].WriteTo(output);
        }

        output.Write(")"u8);
        if (Since is { } since) output.Write(Encoding.ASCII.GetBytes($" (CHANGEDSINCE {since})"));
    }

    private void WriteStore(IBufferWriter<byte> output)
    {
        Write(Set!, output);
        if (Since is { } since) output.Write(Encoding.ASCII.GetBytes($" (UNCHANGEDSINCE {since})"));
        output.Write(Mode switch { StoreMode.Add => " +FLAGS"u8, StoreMode.Remove => " -FLAGS"u8, _ => " FLAGS"u8 });
        output.Write(Silent ? ".SILENT "u8 : " "u8);
        ImapFlagsText.Write(Flags, output);
    }

    private static void Write(string name, IBufferWriter<byte> output)
    {
        output.Write(" "u8);
        ImapText.WriteAString(Encoding.Latin1.GetBytes(name), output);
    }

    private static void Write(ImapSet set, IBufferWriter<byte> output)
    {
        output.Write(" "u8);
        set.WriteTo(output);
    }
}
