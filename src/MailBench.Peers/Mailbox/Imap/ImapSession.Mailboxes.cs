using System.Globalization;
using System.Text;
using MailBench.Peers.Mailbox.Store;
using MailBench.Wire.Imap;

namespace MailBench.Peers.Mailbox.Imap;

/// <summary>Mailboxes: which there are, their state, selecting and leaving one. Names from the wire become paths by way of <see cref="FolderName"/> only.</summary>
internal sealed partial class ImapSession
{
    private const string NoName = "[CANNOT] this cannot be a mailbox's name";
    private const string NotThere = "[NONEXISTENT] there is no such mailbox";

    private FolderName? _other;
    private Maildir? _otherMaildir;

    private FolderList Folders => new(Floor.Store.PathOf(_user));

    private void Select(ImapCommand command)
    {
        // A mailbox that was selected is left even if the new one cannot be (RFC 3501 §6.3.1).
        Leave();
        if (!FolderName.TryRead(command.Mailbox, out var folder))
        {
            Finish(ImapStatus.No, NoName);
            return;
        }

        WithSnapshot(folder, snapshot =>
        {
            if (snapshot is not null) Enter(folder, snapshot, command.Verb == ImapVerb.Examine);
            FinishOr(_readOnly ? "[READ-ONLY] selected" : "[READ-WRITE] selected");
        });
    }

    /// <summary>Hands a mailbox's newest snapshot on; null, with <see cref="_failure"/> set: it cannot be had. Of an inbox that has not changed at once, of any other by way of the disk.</summary>
    private void WithSnapshot(FolderName folder, Action<MaildirSnapshot?> done)
    {
        var maildir = Borrow(folder);
        if (folder.IsInbox && maildir.Index.LookAtOnce() is { } known)
        {
            _failure = null;
            ReturnOther();
            done(known);
            return;
        }

        MaildirSnapshot? snapshot = null;
        AtDisk(
            () =>
            {
                if (!folder.IsInbox && !maildir.Exists) return NotThere;
                snapshot = maildir.Index.Look();
                return null;
            },
            () =>
            {
                if (_failure is not null) snapshot = null;

                // Borrowed until then: what is selected is borrowed once more before this one goes.
                done(snapshot);
                ReturnOther();
            });
    }

    private void Enter(FolderName folder, MaildirSnapshot snapshot, bool readOnly)
    {
        _folder = folder;
        _maildir = Floor.Store.Borrow(_user, folder);
        _maildir.Changed += LookWhenIdle;
        _view = new ImapView(snapshot);
        _readOnly = readOnly;
        _machine.SetSelected(true);
        var text = new StringBuilder("* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n");
        text.Append(readOnly ? "* OK [PERMANENTFLAGS ()] nothing is kept\r\n" : "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)] these are kept\r\n");
        text.Append(CultureInfo.InvariantCulture, $"* {snapshot.Messages.Count} EXISTS\r\n* {ImapView.CountRecent(snapshot.Messages)} RECENT\r\n");
        for (var place = 0; place < snapshot.Messages.Count; place++)
        {
            if ((snapshot.Messages[place].Flags & ImapFlags.Seen) != 0) continue;
            text.Append(CultureInfo.InvariantCulture, $"* OK [UNSEEN {place + 1}] the first that is not seen\r\n");
            break;
        }

        text.Append(CultureInfo.InvariantCulture, $"* OK [UIDVALIDITY {snapshot.Validity}] UIDs are valid\r\n* OK [UIDNEXT {snapshot.Next}] the next UID\r\n* OK [HIGHESTMODSEQ {snapshot.HighestModSeq}] the newest change\r\n");
        Connection!.Send(Encoding.ASCII.GetBytes(text.ToString()));
    }

    private void Leave()
    {
        if (_maildir is not null)
        {
            _maildir.Changed -= LookWhenIdle;
            Floor.Store.Return(_user, _folder!);
        }

        (_folder, _maildir, _view) = (null, null, null);
        _readOnly = false;
        if (_user >= 0) _machine.SetSelected(false);
    }

    /// <summary>CLOSE removes what is marked as deleted and tells nothing of it; UNSELECT (RFC 3691) only leaves.</summary>
    private void Close(ImapCommand command)
    {
        if (command.Verb == ImapVerb.Unselect || _readOnly || _maildir!.IsLocked)
        {
            Leave();
            Finish(ImapStatus.Ok, "left");
            return;
        }

        Remove(set: null, () =>
        {
            Leave();
            Finish(ImapStatus.Ok, "left");
        });
    }

    private void Status(ImapCommand command)
    {
        if (!FolderName.TryRead(command.Mailbox, out var folder))
        {
            Finish(ImapStatus.No, NoName);
            return;
        }

        WithSnapshot(folder, snapshot =>
        {
            if (snapshot is not null) WriteStatus(folder, snapshot, command.Status);
            FinishOr("done");
        });
    }

    private void WriteStatus(FolderName folder, MaildirSnapshot snapshot, StatusItems items)
    {
        var parts = new List<string>();
        Add(StatusItems.Messages, "MESSAGES", snapshot.Messages.Count);
        Add(StatusItems.Recent, "RECENT", ImapView.CountRecent(snapshot.Messages));
        Add(StatusItems.UidNext, "UIDNEXT", snapshot.Next);
        Add(StatusItems.UidValidity, "UIDVALIDITY", snapshot.Validity);
        Add(StatusItems.Unseen, "UNSEEN", snapshot.Messages.Count(static message => (message.Flags & ImapFlags.Seen) == 0));
        Add(StatusItems.Size, "SIZE", snapshot.SizeBytes);
        Add(StatusItems.HighestModSeq, "HIGHESTMODSEQ", snapshot.HighestModSeq);
        Connection!.Send("* STATUS "u8);
        ImapText.WriteAString(Encoding.ASCII.GetBytes(folder.Text), Connection.Output);
        Connection.Send(Encoding.ASCII.GetBytes($" ({string.Join(' ', parts)})\r\n"));

        void Add(StatusItems item, string name, long value)
        {
            if (items.HasFlag(item)) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{name} {value}"));
        }
    }

    private void List(ImapCommand command)
    {
        var lsub = command.Verb == ImapVerb.Lsub;
        var word = lsub ? "LSUB" : "LIST";
        if (command.Other.Length == 0)
        {
            Connection!.Send(Encoding.ASCII.GetBytes($"* {word} (\\Noselect) \".\" \"\"\r\n"));
            Finish(ImapStatus.Ok, "done");
            return;
        }

        IReadOnlyList<FolderEntry> entries = [];
        AtDisk(
            () =>
            {
                entries = lsub ? Folders.Subscribed(command.Mailbox + command.Other) : Folders.Match(command.Mailbox + command.Other);
                return null;
            },
            () =>
            {
                foreach (var entry in entries)
                {
                    Connection!.Send(Encoding.ASCII.GetBytes($"* {word} ({entry.Attributes}) \".\" "));
                    ImapText.WriteAString(Encoding.ASCII.GetBytes(entry.Name), Connection.Output);
                    Connection.Send("\r\n"u8);
                }

                FinishOr("done");
            });
    }

    private void Create(ImapCommand command)
    {
        // A separator at the end says that children are meant to follow (RFC 3501 §6.3.3).
        var name = command.Mailbox.EndsWith(FolderName.Separator) ? command.Mailbox[..^1] : command.Mailbox;
        if (!FolderName.TryRead(name, out var folder))
        {
            Finish(ImapStatus.No, NoName);
            return;
        }

        var maildir = Borrow(folder);
        AtDisk(() => folder.IsInbox || maildir.Exists ? "[ALREADYEXISTS] the mailbox is there already" : Folders.Create(maildir, folder), () =>
        {
            ReturnOther();
            FinishOr("created");
        });
    }

    private void Delete(ImapCommand command)
    {
        if (!FolderName.TryRead(command.Mailbox, out var folder) || folder.IsInbox) Finish(ImapStatus.No, folder is null ? NoName : "[CANNOT] the inbox stays");
        else AtDisk(() => Folders.Delete(folder) ? null : NotThere, () => FinishOr("deleted"));
    }

    private void Rename(ImapCommand command)
    {
        if (!FolderName.TryRead(command.Mailbox, out var folder) || !FolderName.TryRead(command.Other, out var name)) Finish(ImapStatus.No, NoName);
        else if (folder.IsInbox || name.IsInbox) Finish(ImapStatus.No, "[CANNOT] the inbox keeps its name");
        else AtDisk(() => Folders.Rename(folder, name), () => FinishOr("renamed"));
    }

    private void Subscribe(ImapCommand command)
    {
        if (!FolderName.TryRead(command.Mailbox, out var folder))
        {
            Finish(ImapStatus.No, NoName);
            return;
        }

        AtDisk(() => Folders.Subscribe(folder, command.Verb == ImapVerb.Subscribe), () => FinishOr("done"));
    }

    /// <summary>A second mailbox that a command needs until it is answered.</summary>
    private Maildir Borrow(FolderName folder)
    {
        _other = folder;
        return _otherMaildir = Floor.Store.Borrow(_user, folder);
    }

    private void ReturnOther()
    {
        if (_other is not null) Floor.Store.Return(_user, _other);
        (_other, _otherMaildir) = (null, null);
    }
}
