using System.Buffers;
using MailBench.Transport;
using Microsoft.Win32.SafeHandles;

namespace MailBench.Peers.Mailbox;

/// <summary>RETR and TOP: a small message that is in memory is written at once; else a piece is read on a disk thread, written on the loop, and the next is read when the output has room.</summary>
internal sealed partial class Pop3Session
{
    private const int PieceBytes = 64 << 10;

    private SafeFileHandle? _file;
    private byte[]? _piece;
    private int _index;
    private int _read;
    private long _offset;
    private bool _whole;
    private bool _begun;
    private bool _hasRoom = true;
    private string? _failure;

    public void OnRetrieve(int index, bool whole)
    {
        (_index, _whole, _offset, _begun, _failure) = (index, whole, 0, false, null);
        if (!TryRetrieveAtOnce()) ReadPiece();
    }

    public override void OnWritable(Connection connection)
    {
        if (_hasRoom) connection.ResumeReading();
        else Continue();
    }

    /// <summary>A small message that the kernel has in memory needs no disk thread; many behind each other do, so that others have their turn.</summary>
    private bool TryRetrieveAtOnce()
    {
        if (Connection!.UnsentBytes > PieceBytes) return false;
        _piece ??= ArrayPool<byte>.Shared.Rent(PieceBytes);
        _read = _maildir!.ReadAtOnce(_listing![_index], _piece.AsSpan(0, PieceBytes));
        if (_read < 0) return false;
        _machine.BeginContent(Connection.Output);
        _machine.WriteContent(_piece.AsSpan(0, _read), Connection.Output);
        EndRetrieval(Connection.Output);
        return true;
    }

    private void ReadPiece()
    {
        _piece ??= ArrayPool<byte>.Shared.Rent(PieceBytes);
        AtDisk(static session => ((Pop3Session)session).Read(), static session => ((Pop3Session)session).Write());
    }

    private void Read()
    {
        _read = 0;
        try
        {
            if (_offset == 0) _file = _maildir!.Open(_listing![_index]);
            if (_file is null) _failure = "it is gone";
            else _read = RandomAccess.Read(_file, _piece.AsSpan(0, PieceBytes), _offset);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            _failure = failed.Message;
        }
    }

    private void Write()
    {
        var output = Connection!.Output;
        if (_failure is not null)
        {
            FailRetrieval(output);
            return;
        }

        if (!_begun) _machine.BeginContent(output);
        _begun = true;
        _machine.WriteContent(_piece.AsSpan(0, _read), output);
        _offset += _read;

        // A piece that is not full was the last; so a small message costs one visit to the disk.
        if (_read == PieceBytes && _machine.WantsContent)
        {
            Continue();
            return;
        }

        EndRetrieval(output);
        GoOn();
    }

    private void Continue()
    {
        _hasRoom = Connection!.UnsentBytes < Connection.HighWaterBytes;
        if (_hasRoom) ReadPiece();
    }

    private void EndRetrieval(IBufferWriter<byte> output)
    {
        CloseFile();
        if (_whole) MarkSeen(_index);
        _machine.EndContent(output);
        Floor.Tally.Retrieved++;
    }

    private void FailRetrieval(IBufferWriter<byte> output)
    {
        CloseFile();
        if (!_begun)
        {
            _machine.RefuseContent(output);
            GoOn();
            return;
        }

        // Half a message cannot be taken back, and must not look like a whole one.
        Floor.Complain($"a message could not be read to its end: {_failure}");
        Connection!.Abort();
    }

    private void CloseFile()
    {
        _file?.Dispose();
        _file = null;
        if (_piece is not null) ArrayPool<byte>.Shared.Return(_piece);
        _piece = null;
    }

    private bool IsSeen(int index) => (index >> 6) < _seen.Length && (_seen[index >> 6] >> index & 1) != 0;

    private void MarkSeen(int index)
    {
        if (_seen.Length == 0) _seen = new ulong[(_listing!.Count + 63) / 64];
        _seen[index >> 6] |= 1UL << index;
    }
}
