using System.Buffers;
using MailBench.Peers.Mailbox.Store;
using MailBench.Wire.Pop3;
using Microsoft.Win32.SafeHandles;

namespace MailBench.Peers.Mailbox.Imap;

/// <summary>
/// The octets of a message as they go over the wire (CRLF line ends), read on a disk thread. A small message is in memory; of a large one pieces are read as they are wanted, and it is in memory as a
/// whole only while its structure is looked at, one such message at a time in the process.
/// </summary>
internal sealed class MessageText : IDisposable
{
    private const int SmallBytes = 256 << 10, PieceBytes = 64 << 10;

    /// <summary>A file beyond it is nobody's mail: it is not looked into (a piece of it can be had).</summary>
    private const long MostBytes = 512L << 20;
    private static readonly Lock LargeGate = new();

    /// <summary>Null: the whole is in memory.</summary>
    private readonly SafeFileHandle? _file;
    private readonly byte[]? _small;
    private MessagePart? _structure;
    private byte[]? _piece;
    private long _at;
    private long _wireAt;
    private LineEnding _ending;

    private MessageText(SafeFileHandle file)
    {
        _file = file;
        var size = RandomAccess.GetLength(file);
        if (size <= SmallBytes)
        {
            _small = ArrayPool<byte>.Shared.Rent((int)(2 * size) + 1);
            Length = Load(_small);
        }
        else
        {
            Length = Measure();
        }
    }

    private MessageText(ReadOnlySpan<byte> stored)
    {
        var ending = default(LineEnding);
        _small = ArrayPool<byte>.Shared.Rent((2 * stored.Length) + 1);
        Length = Append(stored, ref ending, _small, 0);
    }

    /// <summary>Octets on the wire: counted, not believed.</summary>
    public long Length { get; }

    /// <summary>Null: it is gone.</summary>
    public static MessageText? Open(Maildir maildir, MaildirMessage message) => maildir.Open(message) is { } file ? new MessageText(file) : null;

    /// <summary>The same of a small message, without a wait for the disk (<see cref="Maildir.ReadAtOnce"/>); null: not so.</summary>
    public static MessageText? OpenAtOnce(Maildir maildir, MaildirMessage message)
    {
        var piece = ArrayPool<byte>.Shared.Rent(PieceBytes);
        var read = maildir.ReadAtOnce(message, piece.AsSpan(0, PieceBytes));
        var text = read < 0 ? null : new MessageText(piece.AsSpan(0, read));
        ArrayPool<byte>.Shared.Return(piece);
        return text;
    }

    /// <summary>What of the whole is its structure: places and MIME data, without the octets.</summary>
    public MessagePart Structure => _structure ??= Look(static (octets, length) => MessageStructure.Read(octets, length));

    /// <summary>Gives the whole to <paramref name="look"/>, an array of which so many octets count; they hold during the call only. Throws <see cref="IOException"/> for a file that is too large.</summary>
    public T Look<T>(Func<byte[], int, T> look)
    {
        if (_small is not null) return look(_small, (int)Length);
        if (Length > MostBytes) throw new IOException($"a message of {Length} octets is too large to look into");
        lock (LargeGate)
        {
            var whole = ArrayPool<byte>.Shared.Rent((int)Length);
            try
            {
                return look(whole, Load(whole));
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(whole);
            }
        }
    }

    /// <summary>
    /// Writes octets from <paramref name="from"/> on, at most as many as a piece of reading gives; returns how many. Cheap where one call goes on where the last one ended. Throws
    /// <see cref="IOException"/> when the file has become shorter.
    /// </summary>
    public int WritePiece(long from, long count, IBufferWriter<byte> output)
    {
        if (_small is not null)
        {
            output.Write(_small.AsSpan((int)from, (int)count));
            return (int)count;
        }

        if (from < _wireAt) (_at, _wireAt, _ending) = (0, 0, default);
        _piece ??= ArrayPool<byte>.Shared.Rent(PieceBytes);
        var written = 0;
        while (written == 0)
        {
            var read = RandomAccess.Read(_file!, _piece.AsSpan(0, PieceBytes), _at);
            if (read == 0) throw new IOException("a message became shorter while it was read");
            ReadOnlySpan<byte> piece = _piece.AsSpan(0, read);
            _at += read;
            while (_ending.TryNext(ref piece, out var run))
            {
                var skip = (int)Math.Clamp(from - _wireAt, 0, run.Length);
                var take = (int)Math.Min(run.Length - skip, count - written);
                output.Write(run.Slice(skip, take));
                written += take;
                _wireAt += run.Length;
            }
        }

        return written;
    }

    public void Dispose()
    {
        _file?.Dispose();
        if (_small is not null) ArrayPool<byte>.Shared.Return(_small);
        if (_piece is not null) ArrayPool<byte>.Shared.Return(_piece);
    }

    private int Load(byte[] into)
    {
        var piece = ArrayPool<byte>.Shared.Rent(PieceBytes);
        var ending = default(LineEnding);
        var length = 0;
        long at = 0;
        for (int read; (read = RandomAccess.Read(_file!, piece.AsSpan(0, PieceBytes), at)) > 0; at += read) length = Append(piece.AsSpan(0, read), ref ending, into, length);
        ArrayPool<byte>.Shared.Return(piece);
        return length;
    }

    /// <summary>Appends stored octets with the wire's line ends behind the <paramref name="length"/> that are there; returns how many there are then.</summary>
    private static int Append(ReadOnlySpan<byte> stored, ref LineEnding ending, byte[] into, int length)
    {
        while (ending.TryNext(ref stored, out var run))
        {
            // A file that grows while it is read is read as far as it was measured.
            var take = Math.Min(run.Length, into.Length - length);
            run[..take].CopyTo(into.AsSpan(length));
            length += take;
        }

        return length;
    }

    private long Measure()
    {
        var piece = ArrayPool<byte>.Shared.Rent(PieceBytes);
        var ending = default(LineEnding);
        long at = 0, length = 0;
        for (int read; (read = RandomAccess.Read(_file!, piece.AsSpan(0, PieceBytes), at)) > 0; at += read) length += ending.Measure(piece.AsSpan(0, read));
        ArrayPool<byte>.Shared.Return(piece);
        return length;
    }
}
