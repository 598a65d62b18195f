using System.Text;
using MailBench.Peers.Mailbox.Store;
using MailBench.Transport;
using MailBench.Wire.Imap;

namespace MailBench.Peers.Mailbox.Imap;

/// <summary>
/// An IMAP session: joins a connection, a server machine and the view of a selected mailbox. Whatever touches the disk goes through the pool and comes back to the loop. This part keeps the session and its
/// updates; mailboxes are in <c>.Mailboxes.cs</c>, messages in <c>.Messages.cs</c>, copying in <c>.Copying.cs</c>, APPEND in <c>.Append.cs</c>.
/// </summary>
internal sealed partial class ImapSession(MailboxFloor floor, bool refused) : MailboxSession(floor), IImapServerSession
{
    private const string Defect = "[SERVERBUG] a defect of the server, which it has told";
    private const int NoSpace = 28, DiskQuotaExceeded = 122;

    private readonly ImapServerMachine _machine = new(floor.ImapOptions);
    private int _user = -1;
    private FolderName? _folder;
    private Maildir? _maildir;
    private ImapView? _view;
    private bool _readOnly;
    private bool _lookWanted;
    private bool _hasRoom = true;
    private ImapCommand? _command;
    private Func<string?>? _diskWork;
    private Action? _diskDone;

    /// <summary>Why the work at the disk came to nothing: text of a NO; null: it did not.</summary>
    private string? _failure;

    public override bool IsBusy => IsAtDisk || (!IsOver && _machine.IsAppending);

    public void OnLogin(ReadOnlySpan<byte> user, ReadOnlySpan<byte> password)
    {
        _user = LogIn(user, password);
        if (_user < 0) return;
        Floor.LoggedIn(Connection!.RemoteEndPoint.Address);
        _machine.LogIn(Connection.Output);
    }

    public void OnCommand(ImapCommand command)
    {
        _command = command;
        switch (command.Verb)
        {
            case ImapVerb.Noop or ImapVerb.Check: Refresh(); break;
            case ImapVerb.Select or ImapVerb.Examine: Select(command); break;
            case ImapVerb.Status: Status(command); break;
            case ImapVerb.List or ImapVerb.Lsub: List(command); break;
            case ImapVerb.Create: Create(command); break;
            case ImapVerb.Delete: Delete(command); break;
            case ImapVerb.Rename: Rename(command); break;
            case ImapVerb.Subscribe or ImapVerb.Unsubscribe: Subscribe(command); break;
            case ImapVerb.Close or ImapVerb.Unselect: Close(command); break;
            case ImapVerb.Fetch: Fetch(command); break;
            case ImapVerb.Store: Store(command); break;
            case ImapVerb.Expunge: Expunge(command); break;
            case ImapVerb.Search: Search(command); break;
            case ImapVerb.Copy or ImapVerb.Move: Copy(command); break;
            default: throw new InvalidOperationException($"The machine answers {command.Verb} itself.");
        }
    }

    public void OnIdle() => LookWhenIdle();

    public void OnIdleEnded() => Tell();

    public override void OnWritable(Connection connection)
    {
        if (_hasRoom) connection.ResumeReading();
        else GoOnWriting();
    }

    public override void EndWhenIdle()
    {
        if (IsOver || Connection is null || IsBusy) return;
        Connection.Send("* BYE the server stops\r\n"u8);
        End();
    }

    public override void EndIfSilent(long nowNs)
    {
        if (Connection is null || IsAtDisk) return;
        var (limitNs, sinceNs) = _user < 0 ? (Floor.LoginTimeoutNs, BeganNs) : (Floor.ImapIdleTimeoutNs, HeardNs);
        if (nowNs - sinceNs < limitNs) return;
        if (IsOver)
        {
            Connection.Abort();
            return;
        }

        Connection.Send("* BYE silent for too long\r\n"u8);
        End();
    }

    /// <summary>The mailbox may have changed: somebody of this process says so, or it is time to look whether another has. A session in IDLE tells its client at once, any other with its next answer.</summary>
    public void LookWhenIdle()
    {
        if (IsOver || _view is null || !_machine.IsIdling) return;
        _lookWanted = IsAtDisk;
        if (!IsAtDisk) AtDisk(Look, Tell);
    }

    protected override void Begin(Connection connection)
    {
        var refusal = Floor.IsStopping ? "the server stops" : refused ? "[UNAVAILABLE] too many sessions" : null;
        _machine.Greet(connection.Output, refusal);
        if (refusal is not null) End();
    }

    protected override void Secured() => _machine.Secured();

    protected override int Receive(Connection connection, ReadOnlySpan<byte> octets)
    {
        var consumed = 0;
        while (true)
        {
            // In IDLE the session may be at the disk of its own accord: DONE waits until it is back.
            var taken = IsAtDisk ? 0 : _machine.Receive(octets[consumed..], this, connection.Output);
            consumed += taken;
            if (_machine.ShouldClose)
            {
                End();
            }
            else if (Floor.IsStopping && !IsBusy)
            {
                EndWhenIdle();
            }
            else if (_machine.AwaitsTls)
            {
                connection.StartTls(Floor.Tls!);
            }
            else if (IsAtDisk || _machine.IsWaiting || connection.UnsentBytes > Connection.HighWaterBytes)
            {
                // Until the answer is there, or the output has left, no more input is taken.
                connection.PauseReading();
            }
            else if (taken > 0 && consumed < octets.Length && _machine.HasYielded)
            {
                continue;
            }

            return consumed;
        }
    }

    protected override void RefuseNow()
    {
        _machine.RefuseLogin(Connection!.Output);
        GoOn();
    }

    protected override void Release()
    {
        _fetch?.Dispose();
        _fetch = null;
        DropContent();
        EndRemoval();
        ReturnOther();
        Leave();
    }

    /// <summary>A command that needs nothing but the newest state of the mailbox.</summary>
    private void Refresh()
    {
        if (_view is null || _maildir!.Index.LookAtOnce() is not null) Finish(ImapStatus.Ok, "done");
        else AtDisk(Look, () => FinishOr("done"));
    }

    /// <summary>On a disk thread.</summary>
    private string? Look()
    {
        _maildir!.Index.Look();
        return null;
    }

    /// <summary>
    /// Runs <paramref name="work"/> on a disk thread: it returns null, or the text of a NO. Then <paramref name="done"/> runs on the loop, with <see cref="_failure"/> set to that, or to what the disk
    /// said.
    /// </summary>
    private void AtDisk(Func<string?> work, Action done)
    {
        (_diskWork, _diskDone) = (work, done);
        AtDisk(static session => ((ImapSession)session).DoWork(), static session => ((ImapSession)session).WorkDone());
    }

    private void DoWork()
    {
        _failure = Defect;
        try
        {
            _failure = _diskWork!();
        }
        catch (QuotaException)
        {
            _failure = "[OVERQUOTA] the mailbox is full";
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            _failure = failed.HResult is NoSpace or DiskQuotaExceeded ? "[OVERQUOTA] the disk is full" : "[UNAVAILABLE] the mailbox cannot be used now";
            Floor.Complain($"a mailbox could not be used: {failed.Message}");
        }
    }

    private void WorkDone()
    {
        _diskDone!();
        if (IsOver || IsAtDisk) return;
        if (_lookWanted)
        {
            _lookWanted = false;
            LookWhenIdle();
        }

        GoOn();
    }

    /// <summary>What came meanwhile is presented again, unless an answer is still owed.</summary>
    private void GoOn()
    {
        if (_machine.ShouldClose) End();
        else if (Floor.IsStopping && !IsBusy) EndWhenIdle();
        else if (!IsAtDisk && !_machine.IsWaiting && Connection!.UnsentBytes <= Connection.HighWaterBytes) Connection.ResumeReading();
    }

    /// <summary>Tells what has changed in the mailbox since it was last told.</summary>
    private void Tell(bool expunge)
    {
        if (_view is not null && _maildir!.Index.Newest is { } newest) _view.Advance(newest, expunge, _machine.TellsModSeqs, Connection!.Output);
    }

    private void Tell() => Tell(expunge: true);

    private void FinishOr(string text) => Finish(_failure is null ? ImapStatus.Ok : ImapStatus.No, _failure ?? text);

    /// <summary>Answers the command behind what else there is to tell. Behind FETCH, STORE and SEARCH of message numbers no number may change (RFC 3501 §7.4.1).</summary>
    private void Finish(ImapStatus status, string text)
    {
        Tell(expunge: _command is not { IsUid: false, Verb: ImapVerb.Fetch or ImapVerb.Store or ImapVerb.Search });
        _command = null;
        _machine.Complete(status, Encoding.ASCII.GetBytes(text), Connection!.Output);
    }
}
