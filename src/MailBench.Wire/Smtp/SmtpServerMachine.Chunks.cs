using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace MailBench.Wire.Smtp;

/// <summary>
/// BDAT (RFC 3030): the command says how many octets follow, so a chunk is read to its end whatever becomes of it, and its answer comes behind it. Octets are content as they
/// are; bare line ends, long lines and size are refused as with DATA, since DATA may be what carries the message further.
/// </summary>
public sealed partial class SmtpServerMachine
{
    private readonly HashSet<string> _domains = new(StringComparer.Ordinal);
    private long _chunkLeft;
    private bool _lastChunk;

    /// <summary>The open transaction has had a chunk: RCPT and DATA are out of place.</summary>
    private bool _chunked;

    /// <summary>A chunk of the transaction was refused, which has voided it: what the client still has under way of it is read and refused.</summary>
    private bool _chunksFailed;

    private void Bdat(ReadOnlySpan<byte> argument, ISmtpServerSession owner, IBufferWriter<byte> output)
    {
        if (!TryReadChunk(argument, out var octets, out _lastChunk))
        {
            VoidTransaction(owner);
            Say(_replies.ChunkSyntax, output);
            ShouldClose = true;
            return;
        }

        _chunkLeft = octets;
        _mode = Mode.Chunk;
        if (!InTransaction) Discard(_chunksFailed ? _replies.ChunkFailed : _greetedByClient ? _replies.MailFirst : _replies.HeloFirst);
        else if (_recipients == 0) Discard(_replies.NoRecipients);
        else if (!_chunked) BeginChunks(owner);
        if (_chunkLeft == 0) EndChunk(owner, output);
    }

    private void Discard(SmtpReply reply)
    {
        _scanner = default;
        _doom = reply;
    }

    private void BeginChunks(ISmtpServerSession owner)
    {
        _chunked = true;
        _scanner = default;
        _doom = null;
        _contentBytes = 0;
        if (owner.OnData() is { IsPositive: false } refusal) _doom = refusal;
    }

    private int ReceiveChunk(ReadOnlySpan<byte> input, ISmtpServerSession owner, IBufferWriter<byte> output)
    {
        var chunk = input.Length > _chunkLeft ? input[..(int)_chunkLeft] : input;
        if (_doom is null) TakeChunk(chunk, owner);
        _chunkLeft -= chunk.Length;
        if (_chunkLeft == 0) EndChunk(owner, output);
        return chunk.Length;
    }

    private void TakeChunk(ReadOnlySpan<byte> chunk, ISmtpServerSession owner)
    {
        var at = 0;
        SmtpReply? fault = null;
        while (at < chunk.Length && fault is null)
        {
            at += _scanner.Scan(chunk[at..], Options.MaxContentLine, Options.RefuseBareLineEnds, out var stop);
            switch (stop)
            {
                case ScanStop.Dot:
                    _scanner.PassDot();
                    at++;
                    break;
                case ScanStop.BareLf:
                    fault = _replies.BareLf;
                    break;
                case ScanStop.BareCr:
                    fault = _replies.BareCr;
                    break;
                case ScanStop.LongLine:
                    fault = _replies.LongLine;
                    break;
            }
        }

        Deliver(chunk[..at], owner);
        _doom ??= fault;
    }

    private void EndChunk(ISmtpServerSession owner, IBufferWriter<byte> output)
    {
        if (_doom is null && _lastChunk && Options.RefuseBareLineEnds && _scanner.EndsInCr) _doom = _replies.BareCr;
        if (_doom is not null)
        {
            RefuseChunk(_doom, owner, output);
        }
        else if (_lastChunk)
        {
            EndContent(owner, output);
        }
        else
        {
            _mode = Mode.Command;
            Say(_replies.ChunkOk, output);
        }
    }

    /// <summary>RFC 3030 §2 leaves the state behind a failed chunk open; here the transaction is void, so no recipient of it can get a later message.</summary>
    private void RefuseChunk(SmtpReply reply, ISmtpServerSession owner, IBufferWriter<byte> output)
    {
        var blameless = InTransaction || _mailRefused || _chunksFailed;
        // RFC 2033 §4.2: LMTP answers the last chunk once for each recipient, refusals too.
        var answers = Options.Lmtp && _lastChunk && InTransaction ? Math.Max(1, _recipients) : 1;
        _mode = Mode.Command;
        var mailRefused = _mailRefused;
        VoidTransaction(owner);
        _mailRefused = mailRefused;
        _chunksFailed = blameless && !mailRefused;
        if (!blameless) Blame(reply, output);
        else for (; answers > 0; answers--) Say(reply, output);
    }

    private static bool TryReadChunk(ReadOnlySpan<byte> argument, out long octets, out bool last)
    {
        last = false;
        if (!Utf8Parser.TryParse(argument, out octets, out var used) || octets < 0 || used > 18 || argument[0] is (byte)'+' or (byte)'-') return false;
        var rest = argument[used..].TrimStart((byte)' ');
        last = Ascii.EqualsIgnoreCase(rest, "LAST"u8);
        return rest.IsEmpty || (last && argument[used] == (byte)' ');
    }

    /// <summary>RFC 9422 §4.3: domains are counted over the session. The set holds no more than the limit.</summary>
    private bool TryAddDomain(ReadOnlySpan<byte> path)
    {
        var domain = Encoding.ASCII.GetString(path[(path.LastIndexOf((byte)'@') + 1)..]).ToLowerInvariant();
        return _domains.Contains(domain) || (_domains.Count < Options.MaxRecipientDomains && _domains.Add(domain));
    }
}
