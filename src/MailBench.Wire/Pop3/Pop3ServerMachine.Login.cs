using System.Buffers;
using System.Buffers.Text;
using System.Text;
using MailBench.Wire.Smtp;

namespace MailBench.Wire.Pop3;

/// <summary>The AUTHORIZATION state: USER and PASS (RFC 1939 §7), AUTH PLAIN (RFC 5034, RFC 4616).</summary>
public sealed partial class Pop3ServerMachine
{
    /// <summary>Longest name that USER may give; a longer one is nobody's.</summary>
    private const int MaxName = 255;

    private byte[]? _user;
    private int _userLength = -1;
    private int _loginFailures;

    /// <summary>Answers the login: the maildrop is the session's from now on, locked by the owner.</summary>
    public void Open(IPop3Maildrop maildrop, IBufferWriter<byte> output)
    {
        Require(Mode.AwaitsLogin);
        _mode = Mode.Command;
        EnterTransaction(maildrop);
        Say("+OK logged in\r\n"u8, output);
    }

    /// <summary>Answers the login with no; too many of them close the session.</summary>
    public void Refuse(Pop3LoginRefusal refusal, IBufferWriter<byte> output)
    {
        Require(Mode.AwaitsLogin);
        _mode = Mode.Command;
        if (++_loginFailures >= Options.MaxLoginFailures) ShouldClose = true;
        Say(refusal switch
        {
            Pop3LoginRefusal.InUse => "-ERR [IN-USE] the maildrop is in use by another session\r\n"u8,
            Pop3LoginRefusal.Unavailable => "-ERR [SYS/TEMP] the maildrop cannot be read now\r\n"u8,
            _ => "-ERR [AUTH] wrong name or password\r\n"u8,
        }, output);
    }

    private void Authorize(Pop3Line command, IPop3ServerSession owner, IBufferWriter<byte> output)
    {
        switch (command.Verb)
        {
            case Pop3Verb.User: User(command.Argument, output); break;
            case Pop3Verb.Pass: Pass(command.Argument, owner, output); break;
            default: Auth(command.Argument, owner, output); break;
        }
    }

    private void User(ReadOnlySpan<byte> name, IBufferWriter<byte> output)
    {
        _userLength = -1;
        if (name.Length is 0 or > MaxName)
        {
            Blame("-ERR syntax: USER name\r\n"u8, output);
            return;
        }

        // The same answer for a name that exists and one that does not.
        _user ??= new byte[MaxName];
        name.CopyTo(_user);
        _userLength = name.Length;
        Say("+OK\r\n"u8, output);
    }

    private void Pass(ReadOnlySpan<byte> password, IPop3ServerSession owner, IBufferWriter<byte> output)
    {
        if (_userLength < 0)
        {
            Blame("-ERR USER first\r\n"u8, output);
            return;
        }

        var user = _user.AsSpan(0, _userLength);
        _userLength = -1;
        _mode = Mode.AwaitsLogin;
        owner.OnLogin(user, password);
    }

    private void Auth(ReadOnlySpan<byte> argument, IPop3ServerSession owner, IBufferWriter<byte> output)
    {
        _userLength = -1;
        var space = argument.IndexOf((byte)' ');
        var mechanism = space < 0 ? argument : argument[..space];
        if (mechanism.IsEmpty)
        {
            // Before RFC 5034 clients asked for the list like this, and some still do.
            Say("+OK\r\nPLAIN\r\n.\r\n"u8, output);
        }
        else if (!Ascii.EqualsIgnoreCase(mechanism, "PLAIN"u8))
        {
            Blame("-ERR unknown mechanism\r\n"u8, output);
        }
        else if (space < 0)
        {
            _mode = Mode.SaslResponse;
            Say("+ \r\n"u8, output);
        }
        else
        {
            PlainResponse(argument[(space + 1)..], owner, output);
        }
    }

    private void SaslResponse(ReadOnlySpan<byte> line, IPop3ServerSession owner, IBufferWriter<byte> output)
    {
        _mode = Mode.Command;
        if (line.SequenceEqual("*"u8)) Blame("-ERR cancelled\r\n"u8, output);
        else PlainResponse(line, owner, output);
    }

    /// <summary>Nobody may act for another.</summary>
    private void PlainResponse(ReadOnlySpan<byte> base64, IPop3ServerSession owner, IBufferWriter<byte> output)
    {
        Span<byte> text = stackalloc byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length) + 3];
        if (!SaslPlain.TryRead(base64, text, out var authorization, out var user, out var password))
        {
            Blame("-ERR no PLAIN response, see RFC 4616\r\n"u8, output);
            return;
        }

        _mode = Mode.AwaitsLogin;
        if (!authorization.IsEmpty && !authorization.SequenceEqual(user)) Refuse(Pop3LoginRefusal.Credentials, output);
        else owner.OnLogin(user, password);
        text.Clear();
    }
}
