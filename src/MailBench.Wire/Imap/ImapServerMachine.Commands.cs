using System.Buffers;
using System.Text;

namespace MailBench.Wire.Imap;

/// <summary>What the machine answers by itself, and IDLE (RFC 2177).</summary>
public sealed partial class ImapServerMachine
{
    /// <summary>What is spoken: RFC 7888, 2342, 2971, 2177, 3691, 4315, 5161, 6851, 4731, 8438, 7162; before the login also how to log in (RFC 4959).</summary>
    private static ReadOnlySpan<byte> CapabilitiesBeforeLogin => "IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN ID NAMESPACE IDLE UNSELECT UIDPLUS MOVE ENABLE ESEARCH STATUS=SIZE CONDSTORE"u8;

    private static ReadOnlySpan<byte> CapabilitiesAfterLogin => "IMAP4rev1 LITERAL+ ID NAMESPACE IDLE UNSELECT UIDPLUS MOVE ENABLE ESEARCH STATUS=SIZE CONDSTORE"u8;

    private bool MustSecure => Options.RequireTls && !IsSecure;

    /// <summary>For the state and for what stands below it: STARTTLS once, logins where they are allowed.</summary>
    private void WriteCapabilities(IBufferWriter<byte> output)
    {
        var before = State == ImapState.NotAuthenticated;
        Say(before && !MustSecure ? CapabilitiesBeforeLogin : CapabilitiesAfterLogin, output);
        if (before && MustSecure) Say(" LOGINDISABLED"u8, output);
        if (before && Options.StartTls && !IsSecure) Say(" STARTTLS"u8, output);
    }

    private void StartTls(scoped ref ImapCursor cursor, IBufferWriter<byte> output)
    {
        if (!cursor.IsAtEnd)
        {
            Blame("bad arguments"u8, output);
        }
        else if (!Options.StartTls || IsSecure)
        {
            Blame("no TLS here or not now"u8, output);
        }
        else
        {
            Tagged(ImapStatus.Ok, "begin TLS"u8, output);
            _mode = Mode.AwaitsTls;
        }
    }

    private void Perform(bool isUid, scoped ref ImapCursor cursor, IImapServerSession owner, IBufferWriter<byte> output)
    {
        switch (_verb)
        {
            case ImapVerb.StartTls: StartTls(ref cursor, output); return;
            case ImapVerb.Login or ImapVerb.Authenticate when MustSecure: Tagged(ImapStatus.No, "[PRIVACYREQUIRED] STARTTLS first: no passwords in the clear"u8, output); return;
            case ImapVerb.Login: Login(ref cursor, owner, output); return;
            case ImapVerb.Authenticate: Authenticate(ref cursor, owner, output); return;
            case ImapVerb.Id: Id(ref cursor, output); return;

            // One with content was taken where its literal began.
            case ImapVerb.Append: Blame("APPEND mailbox [flags] [date-time] literal"u8, output); return;
        }

        if (ImapCommandParser.Parse(_tag, _verb, isUid, ref cursor) is not { } command)
        {
            Blame("bad arguments"u8, output);
            return;
        }

        TellsModSeqs |= command.EnablesCondStore;
        switch (_verb)
        {
            case ImapVerb.Capability:
                Say("* CAPABILITY "u8, output);
                WriteCapabilities(output);
                Say("\r\n"u8, output);
                Tagged(ImapStatus.Ok, "done"u8, output);
                break;
            case ImapVerb.Namespace:
                Say("* NAMESPACE ((\"\" \".\")) NIL NIL\r\n"u8, output);
                Tagged(ImapStatus.Ok, "done"u8, output);
                break;
            case ImapVerb.Enable:
                Say(command.CondStore ? "* ENABLED CONDSTORE\r\n"u8 : "* ENABLED\r\n"u8, output);
                Tagged(ImapStatus.Ok, "done"u8, output);
                break;
            case ImapVerb.Noop when State == ImapState.NotAuthenticated: Tagged(ImapStatus.Ok, "done"u8, output); break;
            case ImapVerb.Logout:
                Bye("* BYE logging out\r\n"u8, output);
                Tagged(ImapStatus.Ok, "bye"u8, output);
                break;
            case ImapVerb.Idle:
                _mode = Mode.Idle;
                Say("+ idling\r\n"u8, output);
                owner.OnIdle();
                break;
            default:
                _mode = Mode.AwaitsAnswer;
                owner.OnCommand(command);
                break;
        }
    }

    /// <summary>RFC 2971: what the client says of itself is read as far as it must be to be well-formed, and passed over.</summary>
    private void Id(scoped ref ImapCursor cursor, IBufferWriter<byte> output)
    {
        var good = cursor.TakeSpace();
        if (good && cursor.Take((byte)'('))
        {
            while (good && !cursor.Take((byte)')'))
            {
                good = IdString(ref cursor);
                cursor.TakeSpace();
            }
        }
        else
        {
            good = good && cursor.TakeWord("NIL"u8);
        }

        if (!good || !cursor.IsAtEnd)
        {
            Blame("bad arguments"u8, output);
            return;
        }

        Say("* ID (\"name\" \"MailBench\")\r\n"u8, output);
        Tagged(ImapStatus.Ok, "done"u8, output);
    }

    private static bool IdString(scoped ref ImapCursor cursor) => cursor.TakeWord("NIL"u8) || cursor.TryString(out _);

    private void EndIdle(ReadOnlySpan<byte> line, IImapServerSession owner, IBufferWriter<byte> output)
    {
        owner.OnIdleEnded();
        _mode = Mode.Command;
        if (Ascii.EqualsIgnoreCase(line, "DONE"u8)) Tagged(ImapStatus.Ok, "idle no more"u8, output);
        else Blame("DONE ends IDLE"u8, output);
    }
}
