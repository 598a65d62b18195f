using System.Buffers;
using MailBench.Peers.Mailbox.Store;
using MailBench.Wire.Imap;

namespace MailBench.Peers.Mailbox.Imap;

/// <summary>
/// What a client has been told of its mailbox: its messages by number. Whatever happens to the mailbox, and by whom, comes to the client as the difference between this and a newer snapshot
/// (RFC 3501 §7.3, §7.4.1). Messages that are gone while that may not be told keep their numbers.
/// </summary>
internal sealed class ImapView(MaildirSnapshot snapshot)
{
    public IReadOnlyList<IndexedMessage> Messages { get; private set; } = snapshot.Messages;

    public uint LargestUid => Messages.Count == 0 ? 0 : Messages[^1].Uid;

    /// <summary>Places of a set's members, ascending; null: it names a message that does not exist.</summary>
    public List<int>? Resolve(ImapSet set, bool uids) =>
        uids ? set.Resolve(Messages.Count, place => Messages[place].Uid, uids: true) : set.Resolve(Messages.Count, static place => (uint)place + 1, uids: false);

    /// <summary>
    /// Tells what has changed since. <paramref name="expunge"/>: messages that are gone may lose their numbers now (RFC 3501 §7.4.1); <paramref name="modSeqs"/>: mod-sequences are told too, also of a message
    /// whose flags have come back to what they were (RFC 7162 §3.1.2).
    /// </summary>
    public void Advance(MaildirSnapshot newest, bool expunge, bool modSeqs, IBufferWriter<byte> output)
    {
        var (told, now) = (Messages, newest.Messages);
        if (ReferenceEquals(told, now)) return;
        var next = new List<IndexedMessage>(now.Count);
        var ghosts = false;
        var at = 0;
        foreach (var old in told)
        {
            while (at < now.Count && now[at].Uid < old.Uid) at++;
            if (at < now.Count && now[at].Uid == old.Uid)
            {
                next.Add(now[at]);
                if (now[at].Flags != old.Flags || (modSeqs && now[at].ModSeq != old.ModSeq)) WriteFlags(next.Count, now[at], flags: true, modSeqs, output);
                at++;
            }
            else if (expunge)
            {
                Write(next.Count + 1, " EXPUNGE\r\n"u8, output);
            }
            else
            {
                next.Add(old);
                ghosts = true;
            }
        }

        if (at < now.Count)
        {
            for (; at < now.Count; at++) next.Add(now[at]);
            Write(next.Count, " EXISTS\r\n"u8, output);
            Write(CountRecent(next), " RECENT\r\n"u8, output);
        }

        Messages = ghosts ? next : now;
    }

    /// <summary>
    /// Takes over the flags that a STORE gave, telling them (<paramref name="tell"/>) or not; where others have changed them too, that is left for <see cref="Advance"/> to tell. Mod-sequences
    /// (<paramref name="modSeqs"/>) are told either way (RFC 7162 §3.1.3).
    /// </summary>
    public void Accept(IReadOnlyList<int> places, MaildirSnapshot newest, Func<ImapFlags, ImapFlags> change, bool tell, bool modSeqs, IBufferWriter<byte> output)
    {
        var next = Messages.ToArray();
        foreach (var place in places)
        {
            if (newest.Find(next[place].Uid) is not { } stored) continue;
            if (!tell && (stored.Flags & ImapFlags.Storable) != change(next[place].Flags & ImapFlags.Storable)) continue;
            next[place] = stored;
            if (tell || modSeqs) WriteFlags(place + 1, stored, tell, modSeqs, output);
        }

        Messages = next;
    }

    public static int CountRecent(IReadOnlyList<IndexedMessage> messages) => messages.Count(static message => (message.Flags & ImapFlags.Recent) != 0);

    private static void WriteFlags(int number, IndexedMessage message, bool flags, bool modSeq, IBufferWriter<byte> output)
    {
        output.Write("* "u8);
        ImapText.WriteNumber(number, output);
        output.Write(" FETCH (UID "u8);
        ImapText.WriteNumber(message.Uid, output);
        if (flags)
        {
            output.Write(" FLAGS "u8);
            ImapFlagsText.Write(message.Flags, output);
        }

        if (modSeq)
        {
            output.Write(" MODSEQ ("u8);
            ImapText.WriteNumber(message.ModSeq, output);
            output.Write(")"u8);
        }

        output.Write(")\r\n"u8);
    }

    private static void Write(int number, ReadOnlySpan<byte> rest, IBufferWriter<byte> output)
    {
        output.Write("* "u8);
        ImapText.WriteNumber(number, output);
        output.Write(rest);
    }
}
