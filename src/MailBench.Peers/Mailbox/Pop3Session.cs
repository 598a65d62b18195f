using MailBench.Peers.Mailbox.Store;
using MailBench.Transport;
using MailBench.Wire.Pop3;

namespace MailBench.Peers.Mailbox;

/// <summary>A POP3 session: joins a connection, a server machine and a locked maildrop. Everything that touches the disk goes through the pool and comes back to the loop; retrieval is in <c>.Retrieval.cs</c>.</summary>
internal sealed partial class Pop3Session(MailboxFloor floor, bool refused) : MailboxSession(floor), IPop3ServerSession
{
    private readonly Pop3ServerMachine _machine = new(floor.Pop3Options);
    private Maildir? _maildir;
    private MaildirListing? _listing;
    private ulong[] _seen = [];

    /// <summary>All that is marked as deleted has gone.</summary>
    private bool _removed = true;

    public override bool IsBusy => IsAtDisk;

    public void OnLogin(ReadOnlySpan<byte> user, ReadOnlySpan<byte> password)
    {
        var number = LogIn(user, password);
        if (number < 0) return;
        var maildir = Floor.Store.Of(number);
        if (maildir.IsLocked || maildir.Removals > 0)
        {
            _machine.Refuse(Pop3LoginRefusal.InUse, Connection!.Output);
            return;
        }

        maildir.IsLocked = true;
        _maildir = maildir;
        _listing = maildir.ListAtOnce();
        if (_listing is not null) Enter();
        else AtDisk(static session => ((Pop3Session)session).List(), static session => ((Pop3Session)session).Listed());
    }

    public void OnUpdate()
    {
        if (_machine.DeletedCount == 0 && _seen.Length == 0) Leave();
        else AtDisk(static session => ((Pop3Session)session).Update(), static session => ((Pop3Session)session).Updated());
    }

    public override void EndWhenIdle()
    {
        if (IsOver || Connection is null || IsAtDisk) return;
        Connection.Send("-ERR [SYS/TEMP] the server stops\r\n"u8);
        End();
    }

    public override void EndIfSilent(long nowNs)
    {
        if (Connection is null || IsAtDisk) return;
        var limitNs = _listing is null ? Floor.LoginTimeoutNs : Floor.IdleTimeoutNs;
        var sinceNs = _listing is null ? BeganNs : HeardNs;
        if (nowNs - sinceNs < limitNs) return;

        // RFC 1939 §3: an autologout removes nothing and says nothing. A client that does not even read is cut.
        if (IsOver) Connection.Abort();
        else End();
    }

    protected override void Begin(Connection connection)
    {
        var refusal = Floor.IsStopping ? "[SYS/TEMP] the server stops" : refused ? "[SYS/TEMP] too many sessions" : null;
        _machine.Greet(connection.Output, refusal);
        if (refusal is not null) End();
    }

    protected override void Secured() => _machine.Secured();

    protected override int Receive(Connection connection, ReadOnlySpan<byte> octets)
    {
        var consumed = 0;
        while (true)
        {
            var taken = _machine.Receive(octets[consumed..], this, connection.Output);
            consumed += taken;
            if (_machine.ShouldClose)
            {
                End();
            }
            else if (Floor.IsStopping)
            {
                EndWhenIdle();
            }
            else if (_machine.AwaitsTls)
            {
                connection.StartTls(Floor.Tls!);
            }
            else if (_machine.IsWaiting || connection.UnsentBytes > Connection.HighWaterBytes)
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
        _machine.Refuse(Pop3LoginRefusal.Credentials, Connection!.Output);
        GoOn();
    }

    protected override void Release()
    {
        CloseFile();
        if (_maildir is not null) _maildir.IsLocked = false;
        _maildir = null;
    }

    private void List()
    {
        try
        {
            _listing = _maildir!.List();
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            Floor.Complain($"a mailbox could not be read: {failed.Message}");
        }
    }

    private void Listed()
    {
        if (_listing is null)
        {
            _maildir!.IsLocked = false;
            _maildir = null;
            _machine.Refuse(Pop3LoginRefusal.Unavailable, Connection!.Output);
        }
        else
        {
            Enter();
        }

        GoOn();
    }

    private void Enter()
    {
        Floor.LoggedIn(Connection!.RemoteEndPoint.Address);
        _machine.Open(_listing!, Connection.Output);
    }

    /// <summary>Removes what is marked as deleted and marks as seen what was retrieved and stays.</summary>
    private void Update()
    {
        for (var i = 0; i < _listing!.Count; i++)
        {
            try
            {
                if (_machine.IsDeleted(i)) _maildir!.Remove(_listing[i]);
                else if (IsSeen(i)) _maildir!.MarkSeen(_listing[i]);
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                _removed &= !_machine.IsDeleted(i);
                Floor.Complain($"a message could not be removed: {failed.Message}");
            }
        }
    }

    private void Updated()
    {
        if (_removed) Floor.Tally.Deleted += _machine.DeletedCount;
        var maildir = _maildir!;
        Leave();
        maildir.Announce();
        End();
    }

    /// <summary>The lock goes before the reply: a client that comes again at once must not find it.</summary>
    private void Leave()
    {
        Release();
        _machine.Close(_removed, Connection!.Output);
    }

    /// <summary>The machine has its answer: what came meanwhile is presented again.</summary>
    private void GoOn()
    {
        if (_machine.ShouldClose) End();
        else if (Floor.IsStopping) EndWhenIdle();
        else if (Connection!.UnsentBytes <= Connection.HighWaterBytes) Connection.ResumeReading();
    }
}
