using System.Buffers;
using MailBench.Peers.Mailbox.Store;
using MailBench.Wire.Imap;

namespace MailBench.Peers.Mailbox.Imap;

/// <summary>
/// A FETCH under way: fills a buffer with its responses, a bounded piece at a time, and goes on from there. On disk threads, or on the loop where all that is asked for is in memory.
/// </summary>
internal sealed class FetchWork(Maildir maildir, IReadOnlyList<FetchItem> items, IReadOnlyList<(int Number, IndexedMessage Message)> messages, bool marksSeen) : IDisposable
{
    private const int EnoughBytes = 64 << 10;

    private MessageText? _text;
    private DateTimeOffset _arrived;
    private int _at;
    private int _item;
    private bool _begun;
    private long _from;
    private long _left;

    /// <summary>Answered without a look at the disk.</summary>
    public bool IsCheap { get; } = items.All(static item => item.IsCheap);

    /// <summary>Some of the messages are there no more.</summary>
    public bool HasMissed { get; private set; }

    /// <summary>Messages whose content was given.</summary>
    public int Retrieved { get; private set; }

    /// <summary>A response has begun and not ended: it cannot be taken back.</summary>
    public bool IsWithin => _begun;

    /// <summary>Messages were marked as seen, or may have been.</summary>
    public bool HasMarked { get; private set; }

    /// <summary>Writes until the buffer has enough (false) or all is written (true). Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.</summary>
    public bool Fill(ArrayBufferWriter<byte> output) => Fill(output, atOnce: false);

    /// <summary>The same without a wait for the disk: false where there would be one, before anything is written of the message that needs it. A loop may ask.</summary>
    public bool FillAtOnce(ArrayBufferWriter<byte> output) => Fill(output, atOnce: true);

    private bool Fill(ArrayBufferWriter<byte> output, bool atOnce)
    {
        while (_at < messages.Count)
        {
            if (output.WrittenCount >= EnoughBytes) return false;
            if (atOnce && !_begun && !TryOpenAtOnce(messages[_at].Message)) return false;
            if (_left > 0)
            {
                var written = _text!.WritePiece(_from, _left, output);
                (_from, _left) = (_from + written, _left - written);
            }
            else if (!_begun)
            {
                Begin(output);
            }
            else if (_item < items.Count)
            {
                if (_item > 0) output.Write(" "u8);
                Write(items[_item++], output);
            }
            else
            {
                End(output);
            }
        }

        return true;
    }

    public void Dispose() => _text?.Dispose();

    private void Begin(ArrayBufferWriter<byte> output)
    {
        var (number, message) = messages[_at];
        if (!IsCheap && _text is null && !TryOpen(message.File))
        {
            HasMissed = true;
            _at++;
            return;
        }

        _begun = true;
        _item = 0;
        output.Write("* "u8);
        ImapText.WriteNumber(number, output);
        output.Write(" FETCH ("u8);
    }

    /// <summary>False where the disk is needed: for a date, to mark as seen, for what is large or not in memory.</summary>
    private bool TryOpenAtOnce(IndexedMessage message)
    {
        if (Marks(message) || items.Any(static item => item.Kind == FetchKind.InternalDate)) return false;
        _text ??= MessageText.OpenAtOnce(maildir, message.File);
        return _text is not null;
    }

    private bool Marks(IndexedMessage message) => marksSeen && (message.Flags & ImapFlags.Seen) == 0;

    private bool TryOpen(MaildirMessage file)
    {
        foreach (var item in items)
        {
            if (item.IsCheap) continue;
            if (item.Kind == FetchKind.InternalDate)
            {
                if (maildir.ArrivedAt(file) is not { } arrived) return false;
                _arrived = arrived;
            }
            else
            {
                _text ??= MessageText.Open(maildir, file);
                if (_text is null) return false;
            }
        }

        return true;
    }

    private void End(ArrayBufferWriter<byte> output)
    {
        output.Write(")\r\n"u8);
        if (_text is not null) Retrieved++;
        _text?.Dispose();
        _text = null;
        _begun = false;
        var message = messages[_at++].Message;

        // The change itself is told when the command ends, as any other.
        if (!Marks(message)) return;
        HasMarked = true;
        maildir.MarkSeen(message.File);
    }

    private void Write(FetchItem item, ArrayBufferWriter<byte> output)
    {
        item.WriteResponseName(output);
        output.Write(" "u8);
        var message = messages[_at].Message;
        switch (item.Kind)
        {
            case FetchKind.Flags: ImapFlagsText.Write(message.Flags, output); break;
            case FetchKind.Uid: ImapText.WriteNumber(message.Uid, output); break;
            case FetchKind.ModSeq:
                output.Write("("u8);
                ImapText.WriteNumber(message.ModSeq, output);
                output.Write(")"u8);
                break;
            case FetchKind.Size: ImapText.WriteNumber(message.File.WireBytes, output); break;
            case FetchKind.InternalDate: ImapText.WriteDateTime(_arrived, output); break;
            case FetchKind.Envelope: EnvelopeText.Write(_text!.Structure.Source!, output); break;
            case FetchKind.BodyStructure or FetchKind.Body:
                var structure = _text!.Structure.Message!;
                _text.Look((octets, length) =>
                {
                    StructureText.Write(structure, octets.AsSpan(0, length), item.Kind == FetchKind.BodyStructure, output);
                    return true;
                });
                break;
            default: WriteSection(item, output); break;
        }
    }

    private void WriteSection(FetchItem item, ArrayBufferWriter<byte> output)
    {
        var section = item.Section!;
        if (section.Path.Count == 0 && section.Text == SectionText.Whole)
        {
            Announce(item, 0, _text!.Length, output);
            return;
        }

        var part = _text!.Structure.At(section.Path);
        switch (section.Text)
        {
            case SectionText.Whole when part is not null: Announce(item, part.Body, part.End - part.Body, output); break;
            case SectionText.Mime when part is not null: Announce(item, part.Begin, part.Body - part.Begin, output); break;
            case SectionText.Text when part?.Message is { } message: Announce(item, message.Body, message.End - message.Body, output); break;
            case SectionText.Header when part?.Message is { } message: Announce(item, message.Begin, message.Body - message.Begin, output); break;
            case SectionText.HeaderFields or SectionText.HeaderFieldsNot when part?.Message is { } message: WriteFields(item, message, output); break;
            default: output.Write("NIL"u8); break;
        }
    }

    /// <summary>Writes the literal's head; its octets follow in pieces.</summary>
    private void Announce(FetchItem item, long from, long count, ArrayBufferWriter<byte> output)
    {
        if (item.Offset >= 0)
        {
            var skipped = Math.Min(item.Offset, count);
            (from, count) = (from + skipped, Math.Min(count - skipped, item.Count));
        }

        ImapText.WriteLiteralHead(count, output);
        (_from, _left) = (from, count);
    }

    private void WriteFields(FetchItem item, MessagePart message, ArrayBufferWriter<byte> output)
    {
        var fields = new ArrayBufferWriter<byte>();
        _text!.Look((octets, _) =>
        {
            HeaderFields.Select(octets.AsSpan(message.Begin, message.Body - message.Begin), item.Section!.Fields, item.Section.Text == SectionText.HeaderFieldsNot, fields);
            return true;
        });
        var selected = fields.WrittenSpan;
        if (item.Offset >= 0)
        {
            selected = selected[(int)Math.Min(item.Offset, selected.Length)..];
            selected = selected[..(int)Math.Min(item.Count, selected.Length)];
        }

        ImapText.WriteLiteral(selected, output);
    }
}
