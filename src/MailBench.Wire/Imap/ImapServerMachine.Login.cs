using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace MailBench.Wire.Imap;

/// <summary>LOGIN (RFC 3501 §6.2.3) and AUTHENTICATE PLAIN with or without initial response (RFC 4616, RFC 4959).</summary>
public sealed partial class ImapServerMachine
{
    private int _loginFailures;

    /// <summary>Answers the login: the session is the user's from now on.</summary>
    public void LogIn(IBufferWriter<byte> output)
    {
        Require(Mode.AwaitsLogin);
        _mode = Mode.Command;
        State = ImapState.Authenticated;
        var text = new ArrayBufferWriter<byte>(128);
        text.Write("[CAPABILITY "u8);
        text.Write(CapabilitiesAfterLogin);
        text.Write("] logged in"u8);
        Tagged(ImapStatus.Ok, text.WrittenSpan, output);
    }

    /// <summary>Answers the login with no, for a wrong name or password (nobody says which); too many of them close the session.</summary>
    public void RefuseLogin(IBufferWriter<byte> output)
    {
        Require(Mode.AwaitsLogin);
        _mode = Mode.Command;
        Tagged(ImapStatus.No, "[AUTHENTICATIONFAILED] wrong name or password"u8, output);
        if (++_loginFailures >= Options.MaxLoginFailures) Bye("* BYE too many wrong logins\r\n"u8, output);
    }

    private void Login(scoped ref ImapCursor cursor, IImapServerSession owner, IBufferWriter<byte> output)
    {
        if (!cursor.TakeSpace() || !cursor.TryAString(out var user) || !cursor.TakeSpace() || !cursor.TryAString(out var password) || !cursor.IsAtEnd)
        {
            Blame("LOGIN user password"u8, output);
            return;
        }

        _mode = Mode.AwaitsLogin;
        owner.OnLogin(user, password);
    }

    private void Authenticate(scoped ref ImapCursor cursor, IImapServerSession owner, IBufferWriter<byte> output)
    {
        if (!cursor.TakeSpace() || !cursor.TryAtom(out var mechanism))
        {
            Blame("AUTHENTICATE mechanism"u8, output);
            return;
        }

        if (!Ascii.EqualsIgnoreCase(mechanism, "PLAIN"u8))
        {
            Tagged(ImapStatus.No, "unknown mechanism"u8, output);
        }
        else if (cursor.IsAtEnd)
        {
            _mode = Mode.SaslResponse;
            Say("+ \r\n"u8, output);
        }
        else if (cursor.TakeSpace() && cursor.TryAtom(out var response) && cursor.IsAtEnd)
        {
            SaslPlain(response, owner, output);
        }
        else
        {
            Blame("no base64"u8, output);
        }
    }

    private void SaslResponse(ReadOnlySpan<byte> line, IImapServerSession owner, IBufferWriter<byte> output)
    {
        _mode = Mode.Command;
        if (line.SequenceEqual("*"u8)) Blame("cancelled"u8, output);
        else SaslPlain(line, owner, output);
    }

    private void SaslPlain(ReadOnlySpan<byte> base64, IImapServerSession owner, IBufferWriter<byte> output)
    {
        Span<byte> text = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length) + 3];
        var read = Smtp.SaslPlain.TryRead(base64, text, out var authorization, out var user, out var password);
        if (!read)
        {
            Blame("no PLAIN response, see RFC 4616"u8, output);
            return;
        }

        // Nobody may act for another.
        _mode = Mode.AwaitsLogin;
        if (!authorization.IsEmpty && !authorization.SequenceEqual(user)) RefuseLogin(output);
        else owner.OnLogin(user, password);
        text.Clear();
    }
}
