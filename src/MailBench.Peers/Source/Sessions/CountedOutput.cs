using System.Buffers;

namespace MailBench.Peers.Source.Sessions;

/// <summary>Passes to a connection's output and counts what was written: how the octets of commands are known.</summary>
internal sealed class CountedOutput(IBufferWriter<byte> inner) : IBufferWriter<byte>
{
    public long Written { get; private set; }

    public void Advance(int count)
    {
        Written += count;
        inner.Advance(count);
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);
}
