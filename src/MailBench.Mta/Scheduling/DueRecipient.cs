using System.Runtime.InteropServices;

namespace MailBench.Mta.Scheduling;

/// <summary>A recipient that waits for its next attempt: the caller's number of its message, its index there; 20 octets.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public readonly record struct DueRecipient
{
    private const int FirstBit = int.MinValue;
    private readonly int _recipient;

    /// <param name="site">A number of its destination, for those who share out; 0 where nobody does.</param>
    /// <param name="untried">It has not been attempted since it came or was asked for.</param>
    public DueRecipient(int message, int recipient, long dueNs, uint site = 0, bool untried = false)
    {
        Message = message;
        _recipient = untried ? recipient | FirstBit : recipient;
        DueNs = dueNs;
        Site = site;
    }

    public int Message { get; }
    public long DueNs { get; }
    public uint Site { get; }
    public int Recipient => _recipient & ~FirstBit;
    public bool Untried => _recipient < 0;

    public void Deconstruct(out int message, out int recipient, out long dueNs) => (message, recipient, dueNs) = (Message, Recipient, DueNs);

    /// <summary>By due time, then message, then recipient: those of one message that are due together come together.</summary>
    internal bool IsBefore(in DueRecipient other) =>
        DueNs != other.DueNs ? DueNs < other.DueNs : Message != other.Message ? Message < other.Message : Recipient < other.Recipient;
}
