using System.Buffers;
using System.Text;
using MailBench.Peers.Mailbox.Store;
using MailBench.Transport;
using MailBench.Wire.Imap;

namespace MailBench.Peers.Mailbox.Imap;

/// <summary>Messages of the selected mailbox: FETCH, STORE, EXPUNGE, SEARCH.</summary>
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

        var marks = !_readOnly && command.Items.Any(static item => item.MarksSeen);
        _fetch = new FetchWork(_maildir!, command.Items, [.. places.Select(place => (place + 1, _view.Messages[place]))], marks);
        _piece = new ArrayBufferWriter<byte>(4096);
        GoOnWriting();
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
        else if (!_readOnly && !fetch.IsCheap && _command!.Items.Any(static item => item.MarksSeen)) AtDisk(Look, () => Changed("done"));
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
        AtDisk(
            () =>
            {
                foreach (var message in messages) maildir.ChangeFlags(message.File, set, clear);
                maildir.Index.Look();
                return null;
            },
            () =>
            {
                if (_failure is null) _view.Accept(places, maildir.Index.Newest!, flags => (flags & ~clear) | set, tell: !command.Silent, Connection!.Output);
                Changed("stored");
            });
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

    private void Search(ImapCommand command)
    {
        if (command.Search is null)
        {
            Finish(ImapStatus.No, "[BADCHARSET (UTF-8 US-ASCII)] the charset is not known");
            return;
        }

        var search = new SearchWork(_maildir!, command.Search, _view!);
        if (!search.IsCheap)
        {
            LookOn(search);
            return;
        }

        search.LookOn();
        _failure = null;
        WriteFound(search);
    }

    private void LookOn(SearchWork search)
    {
        var finished = false;
        AtDisk(
            () =>
            {
                finished = search.LookOn();
                return null;
            },
            () =>
            {
                if (finished || _failure is not null) WriteFound(search);
                else LookOn(search);
            });
    }

    private void WriteFound(SearchWork search)
    {
        if (_failure is null)
        {
            var text = new StringBuilder("* SEARCH");
            foreach (var place in search.Found) text.Append(' ').Append(_command!.IsUid ? _view!.Messages[place].Uid : (uint)place + 1);
            Connection!.Send(Encoding.ASCII.GetBytes(text.Append("\r\n").ToString()));
        }

        FinishOr("done");
    }
}
