using System.Buffers;

namespace MailBench.Peers.Mailbox.Store;

/// <summary>
/// A message on its way to disk, in rented pieces, CRLF turned into LF as maildirs have it. What comes over SMTP went through a machine that refuses bare CR and LF, so nothing is lost:
/// reading turns every LF back. What comes by APPEND loses its bare CRs, and its bare LFs become line ends.
/// </summary>
internal sealed class ContentBuffer : IDisposable
{
    private const int PieceBytes = 16 << 10;

    private readonly List<byte[]> _pieces = [];
    private int _inLast;
    private long _lines;

    /// <summary>Octets as they will be on disk.</summary>
    public long SizeBytes => _pieces.Count == 0 ? 0 : (long)(_pieces.Count - 1) * PieceBytes + _inLast;

    /// <summary>Octets as they will be read, each line's end counted as two.</summary>
    public long WireBytes => SizeBytes + _lines;

    public void Write(ReadOnlySpan<byte> octets)
    {
        _lines += octets.Count((byte)'\n');
        while (!octets.IsEmpty)
        {
            var cr = octets.IndexOf((byte)'\r');
            Append(cr < 0 ? octets : octets[..cr]);
            octets = cr < 0 ? default : octets[(cr + 1)..];
        }
    }

    public void WriteTo(Stream stream)
    {
        for (var i = 0; i < _pieces.Count; i++) stream.Write(_pieces[i], 0, i == _pieces.Count - 1 ? _inLast : PieceBytes);
    }

    /// <summary>Gives the pieces back; the buffer is ready for another message.</summary>
    public void Dispose()
    {
        foreach (var piece in _pieces) ArrayPool<byte>.Shared.Return(piece);
        _pieces.Clear();
        _inLast = 0;
        _lines = 0;
    }

    private void Append(ReadOnlySpan<byte> octets)
    {
        while (!octets.IsEmpty)
        {
            if (_pieces.Count == 0 || _inLast == PieceBytes)
            {
                _pieces.Add(ArrayPool<byte>.Shared.Rent(PieceBytes));
                _inLast = 0;
            }

            var step = Math.Min(octets.Length, PieceBytes - _inLast);
            octets[..step].CopyTo(_pieces[^1].AsSpan(_inLast));
            _inLast += step;
            octets = octets[step..];
        }
    }
}
