using System.Buffers.Text;
using System.Text;
using MailBench.Model.Events;
using MailBench.Transport;
using MailBench.Wire.Imap;

namespace MailBench.Peers.Poll;

/// <summary>
/// A user who holds IDLE (RFC 2177): LOGIN, SELECT, what is new, IDLE; when EXISTS announces mail, DONE, FETCH and IDLE again. The first poll ends when the server first says that it idles; each later one
/// renews the IDLE and ends the same way. The session stays until the trial ends, or the server ends it.
/// </summary>
internal sealed class IdleSession(PollTrial trial, int user, long sequence, long intendedNs) : PollSession(trial, user, sequence, intendedNs), IImapClientSession
{
    private enum Stage : byte { LogIn, Select, Fetch, AskIdle, Idle, EndIdle, LogOut }

    /// <summary>Octets of a message's first line, <c>Return-Path: &lt;…&gt;</c>, that may tell which one it is.</summary>
    private const int HeadOctets = 128;

    private readonly ImapClientMachine _machine = new();

    /// <summary>Announced and not fetched: up to which message number, and when that was read.</summary>
    private readonly Queue<(uint UpTo, long SeenNs)> _announced = new();
    private Stage _stage;
    private uint _messages;
    private uint _nextUid;
    private bool _wanted;
    private bool _leaves;

    // The message being fetched.
    private uint _number;
    private uint _uid;
    private byte[]? _head;
    private int _headLength;
    private bool _inBody;

    protected override bool AwaitsAnswer => _stage != Stage.Idle;

    /// <summary>A poll of this session's user is due again: the IDLE is to be renewed.</summary>
    public void Renew(long sequence, long intendedNs)
    {
        TakePoll(sequence, intendedNs);
        if (_stage == Stage.Idle) EndIdle();
    }

    public override void Leave()
    {
        _leaves = true;
        if (_stage == Stage.Idle) EndIdle();
    }

    public void OnGreeting(bool ok, ReadOnlySpan<byte> text)
    {
        if (!ok)
        {
            Refused("the session", text);
            return;
        }

        EndStep(MustAskForTls ? PollStep.StartTls : PollStep.Login);
        if (MustAskForTls) Send(ImapVerb.StartTls, default);
        else SendLogin();
    }

    private void SendLogin()
    {
        Span<byte> arguments = stackalloc byte[40];
        var length = WriteName(arguments);
        arguments[length] = (byte)' ';
        arguments[..length].CopyTo(arguments[(length + 1)..]);
        Send(ImapVerb.Login, arguments[..(2 * length + 1)]);
    }

    public void OnUntagged(ReadOnlySpan<byte> text, bool goesOn)
    {
        if (goesOn)
        {
            ReadUid(text);
            EndMessage();
        }
        else if (Utf8Parser.TryParse(text, out uint number, out var digits))
        {
            var rest = text[digits..];
            if (rest.StartsWith(" EXISTS"u8)) Exists(number);
            else if (rest.StartsWith(" EXPUNGE"u8)) Expunged(number);
            else if (rest.StartsWith(" FETCH "u8)) BeginMessage(number, rest);
        }
        else if (text.IndexOf("[UIDNEXT "u8) is >= 0 and var at)
        {
            Utf8Parser.TryParse(text[(at + 9)..], out _nextUid, out _);
        }
    }

    public void OnLiteral(ReadOnlySpan<byte> octets)
    {
        if (!_inBody) return;
        Counters.ContentOctets += octets.Length;
        if (_head is null || _headLength == HeadOctets) return;
        var piece = octets[..Math.Min(octets.Length, HeadOctets - _headLength)];
        piece.CopyTo(_head.AsSpan(_headLength));
        _headLength += piece.Length;
    }

    public void OnLiteralEnd() { }

    public void OnContinuation()
    {
        if (_stage != Stage.AskIdle) return;
        _stage = Stage.Idle;
        if (OwesPoll)
        {
            Done();
            Trial.Holds(User, this);
            Trial.Settled(User);
        }
        else
        {
            EndStep(PollStep.Quit);
        }

        if (_stage == Stage.Idle && (_wanted || _leaves)) EndIdle();
    }

    public void OnTagged(ImapVerb verb, ImapStatus status, ReadOnlySpan<byte> text)
    {
        if (status != ImapStatus.Ok)
        {
            Refused(verb.ToString(), text);
            return;
        }

        switch (verb)
        {
            case ImapVerb.Login:
                _stage = Stage.Select;
                EndStep(PollStep.Select);
                Send(ImapVerb.Select, "INBOX"u8);
                break;
            case ImapVerb.Select:
                _wanted = _messages > 0 && (_nextUid == 0 || _nextUid > Trial.LastUidOf(User) + 1);
                GoOn();
                break;
            case ImapVerb.Fetch or ImapVerb.Idle:
                GoOn();
                break;
        }
    }

    protected override void Connected(Connection connection) { }

    protected override void Secured()
    {
        _machine.Secured();
        SendLogin();
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

    protected override void Gone(CloseReason reason)
    {
        if (_stage == Stage.LogOut || Trial.IsCut) return;
        Counters.Dropped++;
        Trial.Note(User, $"a held session ended: {reason}");
    }

    /// <summary>Between two commands: fetches what was announced, or leaves, or idles.</summary>
    protected override void GoOn()
    {
        if (_wanted)
        {
            _wanted = false;
            _stage = Stage.Fetch;
            EndStep(PollStep.Retrieve);
            Send(ImapVerb.Fetch, Encoding.ASCII.GetBytes($"{Trial.LastUidOf(User) + 1}:* (UID BODY.PEEK[])"), uid: true);
        }
        else if (_leaves && !OwesPoll)
        {
            _stage = Stage.LogOut;
            EndStep(PollStep.Quit);
            Send(ImapVerb.Logout, default);
        }
        else
        {
            _stage = Stage.AskIdle;
            EndStep(PollStep.Idle);
            Send(ImapVerb.Idle, default);
        }
    }

    private void EndIdle()
    {
        _stage = Stage.EndIdle;
        BeginStep(PollStep.Done);
        _machine.EndIdle(Connection!.Output);
    }

    private void Exists(uint number)
    {
        var more = number > _messages;
        _messages = number;
        if (_stage <= Stage.Select || !more) return;
        _announced.Enqueue((number, Trial.Loop.TurnNs));
        _wanted = true;
        if (_stage == Stage.Idle) EndIdle();
    }

    /// <summary>Somebody else has removed a message: later numbers fall by one (RFC 3501 §7.4.1).</summary>
    private void Expunged(uint number)
    {
        if (_messages > 0) _messages--;
        for (var left = _announced.Count; left > 0; left--)
        {
            var (upTo, seenNs) = _announced.Dequeue();
            _announced.Enqueue((number <= upTo ? upTo - 1 : upTo, seenNs));
        }
    }

    private void BeginMessage(uint number, ReadOnlySpan<byte> text)
    {
        (_number, _uid, _headLength) = (number, 0, 0);
        _inBody = text.IndexOf("BODY[]"u8) >= 0;
        if (_inBody) _head ??= new byte[HeadOctets];
        ReadUid(text);
    }

    /// <summary>The response is whole. <c>n:*</c> names the last message even if its UID is below n (RFC 3501 §6.4.8): that one is not new.</summary>
    private void EndMessage()
    {
        if (!_inBody) return;
        _inBody = false;
        if (_uid <= Trial.LastUidOf(User)) return;
        Trial.LastUidOf(User) = _uid;
        Counters.Retrieved++;
        while (_announced.TryPeek(out var announced) && announced.UpTo < _number) _announced.Dequeue();
        if (_announced.TryPeek(out var seen)) Trial.Books.Pushed(Sequence(), User, seen.SeenNs, Trial.Loop.TurnNs);
        if (_number < _messages) return;
        _announced.Clear();
        _head = null;
    }

    /// <summary>Which of the trial's messages it is, by its return path (RFC 5321 §4.4); -1: none.</summary>
    private long Sequence()
    {
        var line = _head.AsSpan(0, _headLength);
        const int Open = 14;
        return Trial.Id is { } trial && line.StartsWith("Return-Path: <"u8) && VerpAddress.TryParseSequence(line[Open..], trial, out var sequence) ? sequence : -1;
    }

    private void ReadUid(ReadOnlySpan<byte> text)
    {
        if (text.IndexOf("UID "u8) is >= 0 and var at && Utf8Parser.TryParse(text[(at + 4)..], out uint uid, out _)) _uid = uid;
    }

    private void Send(ImapVerb verb, ReadOnlySpan<byte> arguments, bool uid = false) => _machine.Send(verb, arguments, Connection!.Output, uid);
}
