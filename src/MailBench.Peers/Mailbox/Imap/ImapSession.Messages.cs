using System.Buffers;
using System.Text;
using MailBench.Peers.Mailbox.Store;
using MailBench.Transport;
using MailBench.Wire.Imap;

namespace MailBench.Peers.Mailbox.Imap;

/// <summary>Messages of the selected mailbox: FETCH, STORE, EXPUNGE.</summary>
internal sealed partial class ImapSession
{
    private const string NoMessage = "no such message";
    private const string ReadOnlyRefusal = "the mailbox was opened read-only";
    private const string LockedRefusal = "[INUSE] a POP3 session holds the mailbox: nothing is removed now";

    private FetchWork? _fetch;
    private bool _fetched;
    private ArrayBufferWriter<byte>? _piece;

    private void Fetch(ImapCommand command)
    {
        if (_view!.Resolve(command.Set!, command.IsUid) is not { } places)
        {
            Finish(ImapStatus.Bad, NoMessage);
            return;
        }

        if (command.Since is { } since) places.RemoveAll(place => _view.Messages[place].ModSeq <= since);
        var marks = !_readOnly && command.Items.Any(static item => item.MarksSeen);
        _fetch = new FetchWork(_maildir!, command.Items, [.. places.Select(place => (place + 1, _view.Messages[place]))], marks);
        _piece = new ArrayBufferWriter<byte>(4096);
        if (!TryFetchAtOnce()) GoOnWriting();
    }

    /// <summary>Few and small messages that the kernel has in memory need no disk thread; what was begun of more goes on there, so that others have their turn.</summary>
    private bool TryFetchAtOnce()
    {
        if (_fetch!.IsCheap || Connection!.UnsentBytes > Connection.HighWaterBytes) return false;
        _fetched = _fetch.FillAtOnce(_piece!);
        if (!_fetched) return false;
        _failure = null;
        PassOn();
        EndFetch();
        return true;
    }

    /// <summary>The next piece of a FETCH; from the disk where it needs that.</summary>
    private void GoOnWriting()
    {
        _hasRoom = true;
        if (!_fetch!.IsCheap)
        {
            AtDisk(
                () =>
                {
                    _fetched = _fetch.Fill(_piece!);
                    return null;
                },
                WritePiece);
            return;
        }

        do _fetched = _fetch.Fill(_piece!);
        while (PassOn() && !_fetched && _hasRoom);
        if (!_fetched) return;
        EndFetch();
        GoOn();
    }

    private void WritePiece()
    {
        if (_failure is not null && _fetch!.IsWithin)
        {
            // Half a response cannot be taken back, and what follows must not look like its rest.
            Connection!.Abort();
            return;
        }

        PassOn();
        if (_failure is not null || _fetched) EndFetch();
        else if (_hasRoom) GoOnWriting();
    }

    /// <summary>Hands the piece to the connection; whether there is room for another is in <see cref="_hasRoom"/>.</summary>
    private bool PassOn()
    {
        Connection!.Send(_piece!.WrittenSpan);
        _piece.ResetWrittenCount();
        _hasRoom = Connection.UnsentBytes < Connection.HighWaterBytes;
        return true;
    }

    private void EndFetch()
    {
        var fetch = _fetch!;
        (_fetch, _piece, _hasRoom) = (null, null, true);
        fetch.Dispose();
        Floor.Tally.Retrieved += fetch.Retrieved;
        if (_failure is not null && !fetch.IsCheap) Finish(ImapStatus.No, _failure);
        else if (fetch.HasMarked) AtDisk(Look, () => Changed("done"));
        else Finish(fetch.HasMissed ? ImapStatus.No : ImapStatus.Ok, fetch.HasMissed ? "some of the messages are there no more" : "done");
    }

    /// <summary>Answers a command that may have changed the mailbox, and tells the other sessions.</summary>
    private void Changed(string text)
    {
        var maildir = _maildir!;
        FinishOr(text);
        maildir.Announce();
    }

    private void Store(ImapCommand command)
    {
        if (_readOnly)
        {
            Finish(ImapStatus.No, ReadOnlyRefusal);
            return;
        }

        if (_view!.Resolve(command.Set!, command.IsUid) is not { } places)
        {
            Finish(ImapStatus.Bad, NoMessage);
            return;
        }

        var (maildir, messages) = (_maildir!, places.ConvertAll(place => _view.Messages[place]));
        var clear = command.Mode switch { StoreMode.Add => ImapFlags.None, StoreMode.Remove => command.Flags, _ => ImapFlags.Storable & ~command.Flags };
        var set = command.Mode == StoreMode.Remove ? ImapFlags.None : command.Flags;
        IReadOnlySet<uint> kept = new HashSet<uint>();
        AtDisk(
            () =>
            {
                kept = maildir.Index.Store(messages, set, clear, command.Since);
                return null;
            },
            () =>
            {
                if (_failure is null && kept.Count > 0) places.RemoveAll(place => kept.Contains(_view.Messages[place].Uid));
                if (_failure is null) _view.Accept(places, maildir.Index.Newest!, flags => (flags & ~clear) | set, tell: !command.Silent, _machine.TellsModSeqs, Connection!.Output);
                Changed(kept.Count > 0 ? Modified(kept, command.IsUid) : "stored");
            });
    }

    /// <summary>RFC 7162 §3.1.3: those that were left alone, by number or UID. The numbers are those of the view before anything else is told.</summary>
    private string Modified(IReadOnlySet<uint> kept, bool isUid)
    {
        var text = new StringBuilder("[MODIFIED ");
        ImapSet.Write([.. Enumerable.Range(0, _view!.Messages.Count).Where(place => kept.Contains(_view.Messages[place].Uid)).Select(place => isUid ? _view.Messages[place].Uid : (uint)place + 1)], text);
        return text.Append("] changed meanwhile").ToString();
    }

    private void Expunge(ImapCommand command)
    {
        if (_readOnly) Finish(ImapStatus.No, ReadOnlyRefusal);
        else if (_maildir!.IsLocked) Finish(ImapStatus.No, LockedRefusal);
        else Remove(command.Set, () => Changed("expunged"));
    }

    /// <summary>Removes what is marked as deleted (and in the set of UIDs, if there is one); no POP3 session begins meanwhile (RFC 1939 §3).</summary>
    private void Remove(ImapSet? set, Action done)
    {
        var (maildir, largest) = (_maildir!, _view!.LargestUid);
        var removed = 0;
        maildir.Removals++;
        _removing = maildir;
        AtDisk(
            () =>
            {
                foreach (var message in maildir.Index.Look().Messages)
                {
                    if ((message.Flags & ImapFlags.Deleted) == 0 || (set is not null && !set.Contains(message.Uid, largest))) continue;
                    maildir.Remove(message.File);
                    removed++;
                }

                maildir.Index.Look();
                return null;
            },
            () =>
            {
                EndRemoval();
                Floor.Tally.Deleted += removed;
                done();
            });
    }

    private Maildir? _removing;

    private void EndRemoval()
    {
        if (_removing is not null) _removing.Removals--;
        _removing = null;
    }
}
