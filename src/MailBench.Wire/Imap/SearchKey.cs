using System.Buffers;
using System.Globalization;
using System.Text;

namespace MailBench.Wire.Imap;

/// <summary>
/// The kinds of conditions that SEARCH knows (RFC 3501 §6.4.4); what the RFC has as words of their own and can be said by others is read as those: UNSEEN is NOT SEEN, FROM is
/// HEADER FROM, NEW is RECENT and NOT SEEN.
/// </summary>
public enum SearchKind : byte
{
    All, And, Or, Not, Numbers, Uids, ModSeq, Flag, Keyword,
    Before, On, Since, SentBefore, SentOn, SentSince,
    Larger, Smaller, Header, Body, Text,
}

/// <summary>A condition, or several (And, Or, Not) over <see cref="Keys"/>.</summary>
public sealed record SearchKey(SearchKind Kind)
{
    public IReadOnlyList<SearchKey> Keys { get; init; } = [];
    public ImapSet? Set { get; init; }
    public ImapFlags Flag { get; init; }
    public DateOnly Date { get; init; }
    public long Number { get; init; }

    /// <summary>Header field's name, or a keyword.</summary>
    public string Name { get; init; } = "";

    /// <summary>What is looked for, in any case; empty: the field need only be there.</summary>
    public string Text { get; init; } = "";

    /// <summary>It cannot be told without a look into the message or at its file.</summary>
    public bool NeedsFile => Kind >= SearchKind.Before && Kind is not (SearchKind.Larger or SearchKind.Smaller) || Keys.Any(static key => key.NeedsFile);

    /// <summary>It asks for mod-sequences, so the answer names the greatest of what is found (RFC 7162 §3.1.5).</summary>
    public bool HasModSeq => Kind == SearchKind.ModSeq || Keys.Any(static key => key.HasModSeq);

    /// <summary>As a client writes it.</summary>
    public void WriteTo(IBufferWriter<byte> output)
    {
        switch (Kind)
        {
            case SearchKind.All: output.Write("ALL"u8); break;
            case SearchKind.And:
                output.Write("("u8);
                for (var i = 0; i < Keys.Count; i++)
                {
                    if (i > 0) output.Write(" "u8);
                    Keys[i].WriteTo(output);
                }

                output.Write(")"u8);
                break;
            case SearchKind.Or:
                output.Write("OR "u8);
                Keys[0].WriteTo(output);
                output.Write(" "u8);
                Keys[1].WriteTo(output);
                break;
            case SearchKind.Not:
                output.Write("NOT "u8);
                Keys[0].WriteTo(output);
                break;
            case SearchKind.Numbers: Set!.WriteTo(output); break;
            case SearchKind.Uids:
                output.Write("UID "u8);
                Set!.WriteTo(output);
                break;
            case SearchKind.ModSeq:
                output.Write("MODSEQ "u8);
                ImapText.WriteNumber(Number, output);
                break;
            case SearchKind.Flag: output.Write(Encoding.ASCII.GetBytes(Flag.ToString().ToUpperInvariant())); break;
            case SearchKind.Keyword:
                output.Write("KEYWORD "u8);
                output.Write(Encoding.ASCII.GetBytes(Name));
                break;
            case SearchKind.Larger or SearchKind.Smaller:
                output.Write(Kind == SearchKind.Larger ? "LARGER "u8 : "SMALLER "u8);
                ImapText.WriteNumber(Number, output);
                break;
            case SearchKind.Header:
                output.Write("HEADER "u8);
                ImapText.WriteAString(Encoding.ASCII.GetBytes(Name), output);
                output.Write(" "u8);
                ImapText.WriteString(Encoding.UTF8.GetBytes(Text), output);
                break;
            case SearchKind.Body or SearchKind.Text:
                output.Write(Kind == SearchKind.Body ? "BODY "u8 : "TEXT "u8);
                ImapText.WriteString(Encoding.UTF8.GetBytes(Text), output);
                break;
            default:
                output.Write(Encoding.ASCII.GetBytes($"{Kind.ToString().ToUpperInvariant()} {Date.ToString("d-MMM-yyyy", CultureInfo.InvariantCulture)}"));
                break;
        }
    }
}
