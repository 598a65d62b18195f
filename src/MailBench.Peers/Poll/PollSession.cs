using System.Buffers.Text;
using MailBench.Model.Options;
using MailBench.Transport;
using MailBench.Wire.Pop3;

namespace MailBench.Peers.Poll;

/// <summary>
/// One poll of one user: connect, log in, STAT, what the action asks for, QUIT. Its response runs from the intended start to the +OK of QUIT. Without pipelining each command waits
/// for the reply before, as most people's clients do.
/// </summary>
internal sealed class PollSession(PollTrial trial, int user, long sequence, long intendedNs) : IConnectionHandler, IPop3ClientSession
{
    private readonly Pop3ClientMachine _machine = new();
    private Connection? _connection;
    private HashSet<ulong>? _listed;
    private List<int>? _wanted;
    private PollStep _step = PollStep.Connect;
    private long _stepNs;
    private long _heardNs;
    private int _messages;
    private int _at;
    private bool _done;
    private bool _ended;

    private bool Pipelined => trial.Options.Pipelining;

    private PollCounters Counters => trial.Books.Counters;

    public void Dial()
    {
        _stepNs = _heardNs = trial.Loop.TurnNs;
        _connection = trial.Loop.Dial(trial.Options.Pop3, this, trial.Options.ReplyTimeout, trial.SocketOf(user));
    }

    public void Abort() => _connection?.Abort();

    public void AbortIfSilentSince(long oldestNs)
    {
        if (_heardNs >= oldestNs) return;
        trial.Note(user, "the server said nothing");
        Abort();
    }

    public void OnConnected(Connection connection)
    {
        _connection = connection;
        trial.EverConnected = true;
        Counters.Sessions++;
        EndStep(PollStep.Greeting);
        if (!Pipelined) return;
        SendName(Pop3Verb.User, connection);
        SendName(Pop3Verb.Pass, connection);
        _machine.Send(Pop3Verb.Stat, default, connection.Output);
        if (trial.Options.Action == PollAction.Check) _machine.Send(Pop3Verb.Quit, default, connection.Output);
    }

    public int OnReceived(Connection connection, ReadOnlySpan<byte> octets)
    {
        _heardNs = trial.Loop.TurnNs;
        var consumed = _machine.Receive(octets, this);
        if (!_machine.ShouldClose) return consumed;
        if (_machine.Fault is { } fault) trial.Note(user, fault);
        connection.CloseAfterSend();
        return octets.Length;
    }

    public void OnWritable(Connection connection) { }

    public void OnClosed(Connection connection, CloseReason reason)
    {
        if (_ended) return;
        _ended = true;
        Counters.OctetsIn += connection.OctetsIn;
        Counters.OctetsOut += connection.OctetsOut;
        if (!_done && trial.IsCut)
        {
            trial.Books.Unfinished();
        }
        else if (!_done)
        {
            trial.Note(user, reason.ToString());
            trial.Books.Failed(sequence, user, intendedNs, trial.Loop.TurnNs);
        }

        trial.Ended(this, user);
    }

    public void OnReply(Pop3Verb verb, int argument, bool ok, ReadOnlySpan<byte> text)
    {
        if (!ok)
        {
            Refused(verb, text);
            return;
        }

        var output = _connection!.Output;
        switch (verb)
        {
            case Pop3Verb.Greeting:
                EndStep(PollStep.Login);
                if (!Pipelined) SendName(Pop3Verb.User, _connection);
                break;
            case Pop3Verb.User:
                if (!Pipelined) SendName(Pop3Verb.Pass, _connection);
                break;
            case Pop3Verb.Pass:
                EndStep(PollStep.Stat);
                if (!Pipelined) _machine.Send(Pop3Verb.Stat, default, output);
                break;
            case Pop3Verb.Stat:
                Utf8Parser.TryParse(text, out _messages, out _);
                AfterStat();
                break;
            case Pop3Verb.Dele:
                Counters.Deleted++;
                if (!Pipelined) NextMessage();
                break;
            case Pop3Verb.Quit:
                EndStep(PollStep.Quit);
                _done = true;
                trial.Books.Polled(sequence, user, intendedNs, trial.Loop.TurnNs);
                break;
        }
    }

    public void OnLine(Pop3Verb verb, ReadOnlySpan<byte> line)
    {
        // "3 unique-id" of UIDL; a digest of the id is enough to know it again.
        if (!Utf8Parser.TryParse(line, out int number, out var digits) || digits + 1 >= line.Length || number < 1) return;
        var digest = Digest(line[(digits + 1)..]);
        _listed!.Add(digest);
        if (trial.KnownOf(user)?.Contains(digest) != true) _wanted!.Add(number);
    }

    public void OnContent(int argument, ReadOnlySpan<byte> octets) => Counters.ContentOctets += octets.Length;

    public void OnEnd(Pop3Verb verb, int argument)
    {
        if (verb == Pop3Verb.Uidl)
        {
            trial.KnownOf(user) = _listed;
            EndStep(PollStep.Retrieve);
            FetchWanted();
        }
        else if (verb == Pop3Verb.Retr)
        {
            Counters.Retrieved++;
            if (Pipelined) return;
            if (trial.Options.Action == PollAction.Delete) _machine.Send(Pop3Verb.Dele, argument, _connection!.Output);
            else NextMessage();
        }
    }

    private void AfterStat()
    {
        if (trial.Options.Action == PollAction.Check)
        {
            EndStep(PollStep.Quit);
            if (!Pipelined) Quit();
        }
        else if (_messages == 0)
        {
            EndStep(PollStep.Quit);
            Quit();
        }
        else if (trial.Options.Action == PollAction.Fetch)
        {
            _listed = [];
            _wanted = [];
            EndStep(PollStep.Listing);
            _machine.Send(Pop3Verb.Uidl, default, _connection!.Output);
        }
        else
        {
            _wanted = [.. Enumerable.Range(1, _messages)];
            EndStep(PollStep.Retrieve);
            FetchWanted();
        }
    }

    private void FetchWanted()
    {
        if (!Pipelined)
        {
            NextMessage();
            return;
        }

        foreach (var message in _wanted!)
        {
            _machine.Send(Pop3Verb.Retr, message, _connection!.Output);
            if (trial.Options.Action == PollAction.Delete) _machine.Send(Pop3Verb.Dele, message, _connection.Output);
        }

        Quit();
    }

    private void NextMessage()
    {
        if (_at < _wanted!.Count)
        {
            _machine.Send(Pop3Verb.Retr, _wanted[_at++], _connection!.Output);
            return;
        }

        EndStep(PollStep.Quit);
        Quit();
    }

    private void Quit() => _machine.Send(Pop3Verb.Quit, default, _connection!.Output);

    /// <summary>A login that is refused, or a message that is gone, fails the poll; the session ends in order.</summary>
    private void Refused(Pop3Verb verb, ReadOnlySpan<byte> text)
    {
        trial.Note(user, $"{verb} was refused: {System.Text.Encoding.Latin1.GetString(text)}");
        _connection!.CloseAfterSend();
    }

    /// <summary>Name and password are both <c>userN</c>.</summary>
    private void SendName(Pop3Verb verb, Connection connection)
    {
        Span<byte> name = stackalloc byte[16];
        "user"u8.CopyTo(name);
        Utf8Formatter.TryFormat(user, name[4..], out var digits);
        _machine.Send(verb, name[..(4 + digits)], connection.Output);
    }

    /// <summary>FNV-1a, 64 bits.</summary>
    private static ulong Digest(ReadOnlySpan<byte> text)
    {
        var digest = 14695981039346656037;
        foreach (var octet in text) digest = (digest ^ octet) * 1099511628211;
        return digest;
    }

    private void EndStep(PollStep next)
    {
        var nowNs = trial.Loop.TurnNs;
        trial.Books.Step(_step, _stepNs, nowNs);
        (_step, _stepNs) = (next, nowNs);
    }
}
