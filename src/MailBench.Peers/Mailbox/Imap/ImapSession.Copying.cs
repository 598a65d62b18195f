using System.Globalization;
using MailBench.Peers.Mailbox.Store;
using MailBench.Wire.Imap;

namespace MailBench.Peers.Mailbox.Imap;

/// <summary>COPY and MOVE (RFC 6851): all of the messages appear in the other mailbox, or none does; then what is moved goes from here.</summary>
internal sealed partial class ImapSession
{
    private void Copy(ImapCommand command)
    {
        var moves = command.Verb == ImapVerb.Move;
        if (!FolderName.TryRead(command.Mailbox, out var folder)) Finish(ImapStatus.No, NoName);
        else if (moves && _readOnly) Finish(ImapStatus.No, ReadOnlyRefusal);
        else if (moves && _maildir!.IsLocked) Finish(ImapStatus.No, LockedRefusal);
        else if (_view!.Resolve(command.Set!, command.IsUid) is not { } places) Finish(ImapStatus.Bad, NoMessage);
        else if (places.Count == 0) Finish(ImapStatus.Ok, "nothing to do");
        else Copy(places.ConvertAll(place => _view.Messages[place]), folder, moves);
    }

    private void Copy(List<IndexedMessage> messages, FolderName folder, bool moves)
    {
        var (from, to) = (_maildir!, Borrow(folder));
        var code = "";
        if (moves)
        {
            from.Removals++;
            _removing = from;
        }

        AtDisk(
            () =>
            {
                if (!folder.IsInbox && !to.Exists) return "[TRYCREATE] there is no such mailbox";
                var failure = CopyAll(messages, from, to, out code);
                if (failure is not null || !moves) return failure;
                foreach (var message in messages) from.Remove(message.File);
                from.Index.Look();
                return null;
            },
            () =>
            {
                EndRemoval();
                ReturnOther();

                // RFC 6851 §4.3: the UIDs of what was moved are told before it goes.
                if (_failure is null && moves) Connection!.Send(System.Text.Encoding.ASCII.GetBytes($"* OK {code} moved\r\n"));
                if (moves) Changed("done");
                else FinishOr($"{code} copied");
                to.Announce();
            });
    }

    /// <summary>On a disk thread.</summary>
    private static string? CopyAll(List<IndexedMessage> messages, Maildir from, Maildir to, out string code)
    {
        code = "";
        var names = new List<string>();
        try
        {
            foreach (var message in messages)
            {
                if (to.PrepareCopy(from, message.File) is not { } name)
                {
                    Discard(to, names);
                    return "[EXPUNGEISSUED] some of the messages are there no more";
                }

                names.Add(name);
            }

            for (var i = 0; i < names.Count; i++) to.Appear(names[i], messages[i].Flags & ImapFlags.Storable);
            to.SyncFlagged();
        }
        catch
        {
            Discard(to, names);
            throw;
        }

        var snapshot = to.Index.Look();
        var uids = snapshot.Messages.ToDictionary(static message => MaildirName.BaseOf(message.File.Name).ToString(), static message => message.Uid, StringComparer.Ordinal);
        if (!names.TrueForAll(uids.ContainsKey)) return null;
        code = string.Create(CultureInfo.InvariantCulture, $"[COPYUID {snapshot.Validity} {string.Join(',', messages.Select(static message => message.Uid))} {string.Join(',', names.Select(name => uids[name]))}]");
        return null;
    }

    private static void Discard(Maildir maildir, List<string> names)
    {
        foreach (var name in names) maildir.Discard(name);
    }
}
