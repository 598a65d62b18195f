using System.Buffers;
using System.Text;

namespace MailBench.Wire.Imap;

/// <summary>What FETCH may ask of a message (RFC 3501 §6.4.5, RFC 7162 §3.1.4.2); the macros ALL, FAST and FULL are taken apart when they are read.</summary>
public enum FetchKind : byte
{
    Flags, Uid, ModSeq, InternalDate, Size, Envelope,

    /// <summary>The structure with or without extension data: <c>BODYSTRUCTURE</c>, <c>BODY</c>.</summary>
    BodyStructure, Body,

    /// <summary><c>BODY[…]</c> and <c>BODY.PEEK[…]</c>.</summary>
    Section,
    Rfc822, Rfc822Header, Rfc822Text,
}

/// <summary>Which octets of a part a section names.</summary>
public enum SectionText : byte { Whole, Header, HeaderFields, HeaderFieldsNot, Text, Mime }

/// <summary>What stands in the brackets of <c>BODY[…]</c>: the path of part numbers (empty: the message), what of it, the fields' names.</summary>
public sealed record ImapSection(IReadOnlyList<int> Path, SectionText Text, IReadOnlyList<string> Fields)
{
    public static readonly ImapSection Whole = new([], SectionText.Whole, []);
    public static readonly ImapSection Header = new([], SectionText.Header, []);
    public static readonly ImapSection Body = new([], SectionText.Text, []);

    internal void WriteTo(IBufferWriter<byte> output)
    {
        for (var i = 0; i < Path.Count; i++)
        {
            if (i > 0) output.Write("."u8);
            ImapText.WriteNumber(Path[i], output);
        }

        if (Text == SectionText.Whole) return;
        if (Path.Count > 0) output.Write("."u8);
        output.Write(Text switch
        {
            SectionText.Header => "HEADER"u8,
            SectionText.HeaderFields => "HEADER.FIELDS ("u8,
            SectionText.HeaderFieldsNot => "HEADER.FIELDS.NOT ("u8,
            SectionText.Text => "TEXT"u8,
            _ => "MIME"u8,
        });
        if (Text is not (SectionText.HeaderFields or SectionText.HeaderFieldsNot)) return;
        for (var i = 0; i < Fields.Count; i++)
        {
            if (i > 0) output.Write(" "u8);
            ImapText.WriteAString(Encoding.ASCII.GetBytes(Fields[i]), output);
        }

        output.Write(")"u8);
    }
}

/// <summary>One thing to fetch.</summary>
/// <param name="Section">The section of <see cref="FetchKind.Section"/> and of the RFC822 forms; null for what is no text.</param>
/// <param name="Peek">\Seen stays as it is.</param>
/// <param name="Offset">First octet of a partial fetch; -1: all of it.</param>
/// <param name="Count">Octets of a partial fetch, at least 1.</param>
public sealed record FetchItem(FetchKind Kind, ImapSection? Section = null, bool Peek = false, long Offset = -1, long Count = 0)
{
    /// <summary>It is answered from what the server keeps in memory, without a look into the message.</summary>
    public bool IsCheap => Kind is FetchKind.Flags or FetchKind.Uid or FetchKind.ModSeq or FetchKind.Size;

    /// <summary>A fetch of it sets \Seen.</summary>
    public bool MarksSeen => (Kind == FetchKind.Section && !Peek) || Kind is FetchKind.Rfc822 or FetchKind.Rfc822Text;

    /// <summary>As a client writes it.</summary>
    public void WriteTo(IBufferWriter<byte> output)
    {
        WriteName(output, Kind == FetchKind.Section && Peek ? "BODY.PEEK"u8 : WordOf(Kind));
        if (Offset < 0) return;
        output.Write("."u8);
        ImapText.WriteNumber(Count, output);
        output.Write(">"u8);
    }

    /// <summary>As it names its value in a response: without PEEK, with the first octet of a partial fetch.</summary>
    public void WriteResponseName(IBufferWriter<byte> output)
    {
        WriteName(output, WordOf(Kind));
        if (Offset >= 0) output.Write(">"u8);
    }

    private void WriteName(IBufferWriter<byte> output, ReadOnlySpan<byte> word)
    {
        output.Write(word);
        if (Kind != FetchKind.Section) return;
        output.Write("["u8);
        Section!.WriteTo(output);
        output.Write("]"u8);
        if (Offset < 0) return;
        output.Write("<"u8);
        ImapText.WriteNumber(Offset, output);
    }

    private static ReadOnlySpan<byte> WordOf(FetchKind kind) => kind switch
    {
        FetchKind.Flags => "FLAGS"u8,
        FetchKind.Uid => "UID"u8,
        FetchKind.ModSeq => "MODSEQ"u8,
        FetchKind.InternalDate => "INTERNALDATE"u8,
        FetchKind.Size => "RFC822.SIZE"u8,
        FetchKind.Envelope => "ENVELOPE"u8,
        FetchKind.BodyStructure => "BODYSTRUCTURE"u8,
        FetchKind.Rfc822 => "RFC822"u8,
        FetchKind.Rfc822Header => "RFC822.HEADER"u8,
        FetchKind.Rfc822Text => "RFC822.TEXT"u8,
        _ => "BODY"u8,
    };
}
