using MailBench.Wire.Pop3;

namespace MailBench.Peers.Mailbox.Store;

/// <summary>A message of a maildir: its file's name, the folder that had it, its size on disk and on the wire (CRLF line ends).</summary>
internal sealed record MaildirMessage(string Name, bool IsNew, long SizeBytes, long WireBytes);

/// <summary>What a maildir held at an instant, oldest first; immutable, and a session's maildrop. Its unique-ids are made one at a time: on one loop only.</summary>
internal sealed class MaildirListing(IReadOnlyList<MaildirMessage> messages) : IPop3Maildrop
{
    public static readonly MaildirListing Empty = new([]);

    [ThreadStatic]
    private static byte[]? _uid;

    public int Count => messages.Count;

    /// <summary>Octets of all its files: what a quota counts.</summary>
    public long SizeBytes { get; } = messages.Sum(static message => message.SizeBytes);

    public MaildirMessage this[int index] => messages[index];

    public long SizeOf(int index) => messages[index].WireBytes;

    public ReadOnlySpan<byte> UidOf(int index)
    {
        _uid ??= new byte[MaildirName.MaxUid];
        return _uid.AsSpan(0, MaildirName.WriteUid(messages[index].Name, _uid));
    }
}
