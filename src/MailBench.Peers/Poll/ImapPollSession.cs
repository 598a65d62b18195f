using System.Buffers.Text;
using System.Text;
using MailBench.Model.Options;
using MailBench.Transport;
using MailBench.Wire.Imap;

namespace MailBench.Peers.Poll;

/// <summary>
/// A poll over IMAP: LOGIN, SELECT, what the action asks for, LOGOUT. What is new is what has a larger UID than the last poll saw; a server that tells the next UID is not asked in vain. Without pipelining
/// each command waits for the answer before.
/// </summary>
internal sealed class ImapPollSession(PollTrial trial, int user, long sequence, long intendedNs) : PollSession(trial, user, sequence, intendedNs), IImapClientSession
{
    /// <summary>What the next FETCH, or its end, is about.</summary>
    private enum Work : byte { Nothing, Headers, Messages }

    private readonly ImapClientMachine _machine = new();
    private uint _messages;
    private uint _nextUid;
    private uint _largestUid;
    private Work _work;
    private bool _selected;
    private bool _inBody;

    private bool Pipelined => Trial.Options.Pipelining;

    private PollAction Action => Trial.Options.Action;

    /// <summary>All is known that this poll will say as soon as the mailbox is selected.</summary>
    private bool OnlyLooks => Action == PollAction.Check && Trial.Options.ThinkTime == TimeSpan.Zero;

    /// <summary>What was there before is retrieved as well as what is new.</summary>
    private bool TakesAll => Action is PollAction.Delete or PollAction.Reread;

    public void OnGreeting(bool ok, ReadOnlySpan<byte> text)
    {
        if (!ok)
        {
            Refused("the session", text);
            return;
        }

        EndStep(MustAskForTls ? PollStep.StartTls : PollStep.Login);
        if (MustAskForTls) Send(ImapVerb.StartTls, default);
        else if (!Pipelined) SendLogin();
    }

    public void OnUntagged(ReadOnlySpan<byte> text, bool goesOn)
    {
        if (goesOn)
        {
            // The UID may stand behind the literal too.
            ReadUid(text);
        }
        else if (Utf8Parser.TryParse(text, out uint number, out var digits))
        {
            var rest = text[digits..];
            if (rest.StartsWith(" EXISTS"u8) && !_selected) _messages = number;
            else if (rest.StartsWith(" FETCH "u8)) BeginFetched(rest);
            else if (rest.StartsWith(" EXPUNGE"u8)) Counters.Deleted++;
        }
        else if (text.IndexOf("[UIDNEXT "u8) is >= 0 and var at)
        {
            Utf8Parser.TryParse(text[(at + 9)..], out _nextUid, out _);
        }
    }

    public void OnLiteral(ReadOnlySpan<byte> octets)
    {
        if (_inBody) Counters.ContentOctets += octets.Length;
    }

    public void OnLiteralEnd()
    {
        if (_inBody) Counters.Retrieved++;
        _inBody = false;
    }

    public void OnContinuation() { }

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
                EndStep(PollStep.Select);
                if (!Pipelined) Send(ImapVerb.Select, "INBOX"u8);
                break;
            case ImapVerb.Select:
                _selected = true;
                AfterSelect();
                break;
            case ImapVerb.Fetch: AfterFetch(); break;
            case ImapVerb.Store:
                if (!Pipelined) Send(ImapVerb.Expunge, default);
                break;
            case ImapVerb.Expunge:
                EndStep(PollStep.Quit);
                if (!Pipelined) LogOut();
                break;
            case ImapVerb.Logout: Done(); break;
        }
    }

    protected override void Connected(Connection connection)
    {
        if (Pipelined && !MustAskForTls) SendAll();
    }

    protected override void Secured()
    {
        _machine.Secured();
        if (Pipelined) SendAll();
        else SendLogin();
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

    /// <summary>After the look at what there is.</summary>
    protected override void GoOn()
    {
        if (_work == Work.Nothing)
        {
            EndStep(PollStep.Quit);
            if (!Pipelined || !OnlyLooks) LogOut();
            return;
        }

        EndStep(PollStep.Retrieve);
        if (TakesAll)
        {
            Send(ImapVerb.Fetch, Encoding.ASCII.GetBytes($"1:{_messages} (BODY.PEEK[])"));
            if (!Pipelined) return;
            if (Action == PollAction.Delete)
            {
                SendStore();
                Send(ImapVerb.Expunge, default);
            }
        }
        else
        {
            FetchNew();
        }

        if (Pipelined && _work == Work.Messages) LogOut();
    }

    private void AfterSelect()
    {
        var nothing = Action == PollAction.Check || _messages == 0 || (!TakesAll && _nextUid > 0 && _nextUid <= Trial.LastUidOf(User) + 1);
        _work = nothing ? Work.Nothing : Action == PollAction.Headers ? Work.Headers : Work.Messages;

        // Headers are what the user looks at, so they come before the think time.
        if (_work == Work.Headers) GoOn();
        else Think();
    }

    private void AfterFetch()
    {
        if (_work == Work.Headers)
        {
            _work = Work.Messages;
            Think();
        }
        else if (Action != PollAction.Delete)
        {
            Trial.LastUidOf(User) = Math.Max(Math.Max(Trial.LastUidOf(User), _largestUid), _nextUid > 0 ? _nextUid - 1 : 0);
            EndStep(PollStep.Quit);
            if (!Pipelined) LogOut();
        }
        else if (!Pipelined)
        {
            SendStore();
        }
    }

    private void FetchNew()
    {
        var what = _work == Work.Headers ? ":* (UID BODY.PEEK[HEADER])"u8 : ":* (UID BODY.PEEK[])"u8;
        Span<byte> arguments = stackalloc byte[48];
        Utf8Formatter.TryFormat(Trial.LastUidOf(User) + 1, arguments, out var digits);
        what.CopyTo(arguments[digits..]);
        _machine.Send(ImapVerb.Fetch, arguments[..(digits + what.Length)], Connection!.Output, uid: true);
    }

    private void BeginFetched(ReadOnlySpan<byte> text)
    {
        ReadUid(text);
        _inBody = text.IndexOf("BODY[]"u8) >= 0;
    }

    private void ReadUid(ReadOnlySpan<byte> text)
    {
        if (text.IndexOf("UID "u8) is >= 0 and var at && Utf8Parser.TryParse(text[(at + 4)..], out uint uid, out _)) _largestUid = Math.Max(_largestUid, uid);
    }

    /// <summary>What came after SELECT has larger numbers and stays for the next poll.</summary>
    private void SendStore() => Send(ImapVerb.Store, Encoding.ASCII.GetBytes($"1:{_messages} +FLAGS.SILENT (\\Deleted)"));

    private void SendAll()
    {
        SendLogin();
        Send(ImapVerb.Select, "INBOX"u8);
        if (OnlyLooks) LogOut();
    }

    private void LogOut() => Send(ImapVerb.Logout, default);

    private void Send(ImapVerb verb, ReadOnlySpan<byte> arguments) => _machine.Send(verb, arguments, Connection!.Output);

    private void SendLogin()
    {
        Span<byte> arguments = stackalloc byte[40];
        var length = WriteName(arguments);
        arguments[length] = (byte)' ';
        arguments[..length].CopyTo(arguments[(length + 1)..]);
        Send(ImapVerb.Login, arguments[..(2 * length + 1)]);
    }
}
