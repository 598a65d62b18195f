using System.Buffers.Text;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Transport;

namespace MailBench.Peers.Poll;

/// <summary>
/// One poll of one user, whatever the protocol: dialled, held, watched, booked. Its response runs from the intended start to the server's answer to the last command
/// (<see cref="Done"/>). A protocol derives from it and holds the dialogue. On the loop only.
/// </summary>
internal abstract class PollSession(PollTrial trial, int user, long sequence, long intendedNs) : IConnectionHandler
{
    private PollStep _step = PollStep.Connect;
    private long _sequence = sequence;
    private long _intendedNs = intendedNs;
    private long _octetsBefore;
    private LoopTimer? _thinking;
    private long _stepNs;
    private long _heardNs;
    private bool _stood;
    private bool _done;
    private bool _ended;

    protected PollTrial Trial { get; } = trial;

    protected int User { get; } = user;

    protected Connection? Connection { get; private set; }

    protected PollCounters Counters => Trial.Books.Counters;

    /// <summary>The poll is neither booked nor failed.</summary>
    protected bool OwesPoll => !_done;

    /// <summary>The server is to say something; a session that is only held waits for nothing.</summary>
    protected virtual bool AwaitsAnswer => true;

    public void Dial()
    {
        _stepNs = _heardNs = Trial.Loop.TurnNs;
        Connection = Trial.Loop.Dial(Trial.Options.Server, this, Trial.Options.ReplyTimeout, Trial.SocketOf(User));
    }

    public void Abort() => Connection?.Abort();

    /// <summary>A server that owes an answer and says nothing has failed the poll; a user who thinks is no such server.</summary>
    public void AbortIfSilentSince(long oldestNs)
    {
        if (_heardNs >= oldestNs || !AwaitsAnswer || _thinking is { IsArmed: true }) return;
        Trial.Note(User, "the server said nothing");
        Abort();
    }

    public void OnConnected(Connection connection)
    {
        Connection = connection;
        Trial.EverConnected = true;
        Counters.Sessions++;
        Counters.Open.Opened(Trial.Loop.TurnNs);
        _stood = true;
        if (Trial.Options.Tls.Mode == TlsMode.Implicit)
        {
            EndStep(PollStep.StartTls);
            connection.StartTls(Trial.Tls!);
            return;
        }

        EndStep(PollStep.Greeting);
        Connected(connection);
    }

    public void OnSecured(Connection connection)
    {
        _heardNs = Trial.Loop.TurnNs;
        Counters.TlsSessions++;
        if (Trial.Options.Tls.Mode == TlsMode.Implicit)
        {
            EndStep(PollStep.Greeting);
            Connected(connection);
            return;
        }

        EndStep(PollStep.Login);
        Secured();
    }

    public int OnReceived(Connection connection, ReadOnlySpan<byte> octets)
    {
        _heardNs = Trial.Loop.TurnNs;
        return Received(connection, octets);
    }

    public void OnWritable(Connection connection) { }

    public void OnClosed(Connection connection, CloseReason reason)
    {
        if (_ended) return;
        _ended = true;
        _thinking?.Dispose();
        if (_stood) Counters.Open.Closed(Trial.Loop.TurnNs);
        Counters.OctetsIn += connection.OctetsIn;
        Counters.OctetsOut += connection.OctetsOut;
        if (!_done && Trial.IsCut)
        {
            Trial.Books.Unfinished();
        }
        else if (!_done)
        {
            Trial.Note(User, reason.ToString());
            Trial.Books.Failed(_sequence, User, _intendedNs, Trial.Loop.TurnNs);
        }
        else
        {
            Gone(reason);
        }

        Trial.Ended(this, User);
    }

    /// <summary>No further poll will come: a session that is held is to end.</summary>
    public virtual void Leave() { }

    /// <summary>A session without an open poll has closed.</summary>
    protected virtual void Gone(CloseReason reason) { }

    /// <summary>The session is to ask for TLS before it says who it is.</summary>
    protected bool MustAskForTls => Trial.Options.Tls.Mode == TlsMode.Starttls && Connection is { IsSecure: false };

    /// <summary>TLS stands, as the session had asked: the login follows.</summary>
    protected abstract void Secured();

    /// <summary>The connection stands (within TLS where that begins it); the server may speak first.</summary>
    protected abstract void Connected(Connection connection);

    /// <summary>Octets consumed, as <see cref="IConnectionHandler.OnReceived"/>.</summary>
    protected abstract int Received(Connection connection, ReadOnlySpan<byte> octets);

    /// <summary>The think time, if users have one, is over: the dialogue goes on where it asked for the pause.</summary>
    protected abstract void GoOn();

    /// <summary>The user looks at what there is: <see cref="GoOn"/> follows after the think time, at once where there is none.</summary>
    protected void Think()
    {
        if (Trial.Options.ThinkTime <= TimeSpan.Zero)
        {
            GoOn();
            return;
        }

        _thinking ??= Trial.Loop.CreateTimer(static session => ((PollSession)session!).HaveThought(), this);
        _thinking.Arm(Trial.Loop.TurnNs + Trial.Options.ThinkTime.ToNs());
    }

    /// <summary>The server has answered the last command.</summary>
    protected void Done()
    {
        EndStep(PollStep.Quit);
        _done = true;
        Trial.Books.Polled(_sequence, User, _intendedNs, Trial.Loop.TurnNs, Connection!.OctetsIn - _octetsBefore);
        _octetsBefore = Connection.OctetsIn;
    }

    /// <summary>The user's next poll, in this session, which has none open.</summary>
    protected void TakePoll(long sequence, long intendedNs)
    {
        (_sequence, _intendedNs, _done) = (sequence, intendedNs, false);
        _heardNs = Trial.Loop.TurnNs;
    }

    /// <summary>What the session did until now is no step: the next one begins now.</summary>
    protected void BeginStep(PollStep step) => (_step, _stepNs, _heardNs) = (step, Trial.Loop.TurnNs, Trial.Loop.TurnNs);

    /// <summary>What the server refuses fails the poll (a login, a message that is gone); the session ends in order.</summary>
    protected void Refused(string what, ReadOnlySpan<byte> text)
    {
        Trial.Note(User, $"{what} was refused: {System.Text.Encoding.Latin1.GetString(text)}");
        Connection!.CloseAfterSend();
    }

    protected void EndStep(PollStep next)
    {
        var nowNs = Trial.Loop.TurnNs;
        Trial.Books.Step(_step, _stepNs, nowNs);
        (_step, _stepNs) = (next, nowNs);
    }

    /// <summary>Name and password are both <c>userN</c>; returns its length.</summary>
    protected int WriteName(Span<byte> name)
    {
        "user"u8.CopyTo(name);
        Utf8Formatter.TryFormat(User, name[4..], out var digits);
        return 4 + digits;
    }

    /// <summary>A name that the server gives a message, short: FNV-1a, 64 bits.</summary>
    protected static ulong Digest(ReadOnlySpan<byte> text)
    {
        var digest = 14695981039346656037;
        foreach (var octet in text) digest = (digest ^ octet) * 1099511628211;
        return digest;
    }

    private void HaveThought()
    {
        if (_ended) return;
        _heardNs = _stepNs = Trial.Loop.TurnNs;
        GoOn();
    }
}
