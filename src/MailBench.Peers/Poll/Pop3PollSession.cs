using System.Buffers.Text;
using MailBench.Model.Options;
using MailBench.Transport;
using MailBench.Wire.Pop3;

namespace MailBench.Peers.Poll;

/// <summary>
/// A poll over POP3: log in, STAT, what the action asks for, QUIT. Without pipelining each command waits for the reply before, as most people's clients do.
/// </summary>
internal sealed class Pop3PollSession(PollTrial trial, int user, long sequence, long intendedNs) : PollSession(trial, user, sequence, intendedNs), IPop3ClientSession
{
    private readonly Pop3ClientMachine _machine = new();
    private HashSet<ulong>? _listed;
    private List<int>? _wanted;
    private int _messages;
    private int _at;
    private bool _headersSeen;

    private bool Pipelined => Trial.Options.Pipelining;

    private PollAction Action => Trial.Options.Action;

    protected override void Connected(Connection connection)
    {
        if (Pipelined && !MustAskForTls) SendAll();
    }

    protected override void Secured()
    {
        _machine.Secured();
        if (Pipelined) SendAll();
        else SendName(Pop3Verb.User);
    }

    protected override int Received(Connection connection, ReadOnlySpan<byte> octets)
    {
        var consumed = _machine.Receive(octets, this);
        if (_machine.AwaitsTls) connection.StartTls(Trial.Tls!);
        if (!_machine.ShouldClose) return consumed;
        if (_machine.Fault is { } fault) Trial.Note(User, fault);
        connection.CloseAfterSend();
        return octets.Length;
    }

    public void OnReply(Pop3Verb verb, int argument, bool ok, ReadOnlySpan<byte> text)
    {
        if (!ok)
        {
            Refused(verb.ToString(), text);
            return;
        }

        switch (verb)
        {
            case Pop3Verb.Greeting:
                EndStep(MustAskForTls ? PollStep.StartTls : PollStep.Login);
                if (MustAskForTls) Send(Pop3Verb.Stls);
                else if (!Pipelined) SendName(Pop3Verb.User);
                break;
            case Pop3Verb.User:
                if (!Pipelined) SendName(Pop3Verb.Pass);
                break;
            case Pop3Verb.Pass:
                EndStep(PollStep.Stat);
                if (!Pipelined) Send(Pop3Verb.Stat);
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
                Done();
                break;
        }
    }

    public void OnLine(Pop3Verb verb, ReadOnlySpan<byte> line)
    {
        // "3 unique-id" of UIDL; a digest of the id is enough to know it again.
        if (!Utf8Parser.TryParse(line, out int number, out var digits) || digits + 1 >= line.Length || number < 1) return;
        var digest = Digest(line[(digits + 1)..]);
        _listed!.Add(digest);
        if (Trial.KnownOf(User)?.Contains(digest) != true) _wanted!.Add(number);
    }

    public void OnContent(int argument, ReadOnlySpan<byte> octets) => Counters.ContentOctets += octets.Length;

    public void OnEnd(Pop3Verb verb, int argument)
    {
        switch (verb)
        {
            case Pop3Verb.Uidl:
                Trial.KnownOf(User) = _listed;
                EndStep(PollStep.Retrieve);
                if (Action == PollAction.Headers && _wanted!.Count > 0) NextHeaders();
                else Think();
                break;
            case Pop3Verb.Top when !Pipelined || argument == _wanted![^1]:
                NextHeaders();
                break;
            case Pop3Verb.Retr:
                Counters.Retrieved++;
                if (Pipelined) return;
                if (Action == PollAction.Delete) _machine.Send(Pop3Verb.Dele, argument, Connection!.Output);
                else NextMessage();
                break;
        }
    }

    /// <summary>After the look at what there is.</summary>
    protected override void GoOn()
    {
        if (_wanted is not null)
        {
            FetchWanted();
            return;
        }

        EndStep(PollStep.Quit);
        Send(Pop3Verb.Quit);
    }

    private void AfterStat()
    {
        if (Action == PollAction.Check)
        {
            if (Pipelined && Trial.Options.ThinkTime == TimeSpan.Zero) EndStep(PollStep.Quit);
            else Think();
        }
        else if (_messages == 0)
        {
            Think();
        }
        else if (Action is PollAction.Delete or PollAction.Reread)
        {
            _wanted = [.. Enumerable.Range(1, _messages)];
            EndStep(PollStep.Retrieve);
            Think();
        }
        else
        {
            _listed = [];
            _wanted = [];
            EndStep(PollStep.Listing);
            Send(Pop3Verb.Uidl);
        }
    }

    /// <summary>The headers of all that is wanted, one by one or at once; then the user thinks.</summary>
    private void NextHeaders()
    {
        if (Pipelined && !_headersSeen)
        {
            _headersSeen = true;
            foreach (var message in _wanted!) _machine.Send(Pop3Verb.Top, message, Connection!.Output);
        }
        else if (!Pipelined && _at < _wanted!.Count)
        {
            _machine.Send(Pop3Verb.Top, _wanted[_at++], Connection!.Output);
        }
        else
        {
            _at = 0;
            Think();
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
            _machine.Send(Pop3Verb.Retr, message, Connection!.Output);
            if (Action == PollAction.Delete) _machine.Send(Pop3Verb.Dele, message, Connection.Output);
        }

        Send(Pop3Verb.Quit);
    }

    private void NextMessage()
    {
        if (_at < _wanted!.Count)
        {
            _machine.Send(Pop3Verb.Retr, _wanted[_at++], Connection!.Output);
            return;
        }

        EndStep(PollStep.Quit);
        Send(Pop3Verb.Quit);
    }

    private void SendAll()
    {
        SendName(Pop3Verb.User);
        SendName(Pop3Verb.Pass);
        Send(Pop3Verb.Stat);
        if (Action == PollAction.Check && Trial.Options.ThinkTime == TimeSpan.Zero) Send(Pop3Verb.Quit);
    }

    private void Send(Pop3Verb verb) => _machine.Send(verb, default, Connection!.Output);

    private void SendName(Pop3Verb verb)
    {
        Span<byte> name = stackalloc byte[16];
        _machine.Send(verb, name[..WriteName(name)], Connection!.Output);
    }
}
