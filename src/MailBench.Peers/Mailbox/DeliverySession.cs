using System.Globalization;
using System.Net.Sockets;
using System.Text;
using MailBench.Peers.Mailbox.Store;
using MailBench.Transport;
using MailBench.Wire.Smtp;

namespace MailBench.Peers.Mailbox;

/// <summary>
/// Mail comes in, over SMTP as the final destination or over LMTP (RFC 2033): only for users of this server, and 250 only for what is synced. What happens on disk is in
/// <c>.Storing.cs</c>.
/// </summary>
internal sealed partial class DeliverySession(MailboxFloor floor, bool lmtp, bool refused) : MailboxSession(floor), ISmtpServerSession
{
    private readonly SmtpServerMachine _machine = new(lmtp ? floor.LmtpOptions : floor.SmtpOptions);
    private readonly ContentBuffer _content = new();
    private readonly List<int> _recipients = [];
    private string _helo = "";
    private string _reversePath = "";
    private bool _overflowed;
    private bool _atDisk;

    public override bool IsBusy => !IsOver && (_machine.InTransaction || _atDisk);

    public SmtpReply? OnHelo(ReadOnlySpan<byte> name, bool extended)
    {
        // The machine lets no control character through; other octets are for nobody's header.
        _helo = Encoding.ASCII.GetString(name[..Math.Min(name.Length, 255)]);
        return null;
    }

    public SmtpReply? OnMail(in MailCommand mail)
    {
        Drop();
        _reversePath = Encoding.UTF8.GetString(mail.Path);
        return null;
    }

    public SmtpReply? OnRcpt(in RcptCommand rcpt)
    {
        var at = rcpt.Path.LastIndexOf((byte)'@');
        var local = at < 0 ? rcpt.Path : rcpt.Path[..at];
        if (at >= 0 && !Ascii.EqualsIgnoreCase(rcpt.Path[(at + 1)..], Floor.Domain)) return Refuse(DeliveryReplies.NotHere);
        var user = Floor.Users.Find(local);

        // RFC 5321 §4.5.1: every server has a postmaster; here the first user is, unless one has that name.
        if (user < 0 && Ascii.EqualsIgnoreCase(local, "postmaster"u8)) user = 0;
        if (user < 0) return Refuse(DeliveryReplies.NoUser);
        var maildir = Floor.Store.Of(user);
        if (maildir.IsFull)
        {
            // Another program may have made room; it is looked at before the next attempt.
            Floor.Disk.Run(static full => ((Maildir)full).Look(), static _ => { }, maildir);
            return Refuse(DeliveryReplies.MailboxFull);
        }

        _recipients.Add(user);
        return null;
    }

    public SmtpReply? OnData()
    {
        WriteTrace();
        return null;
    }

    public void OnContent(ReadOnlySpan<byte> octets)
    {
        if (_overflowed) return;
        if (Floor.ReceivingBytes + octets.Length > Floor.ReceivingLimit)
        {
            _overflowed = true;
            return;
        }

        Floor.ReceivingBytes += octets.Length;
        _content.Write(octets);
    }

    public SmtpReply? OnEndOfData()
    {
        if (_overflowed)
        {
            Floor.Tally.Refused += _recipients.Count;
            Drop();
            return DeliveryReplies.NoMemory;
        }

        StoreMessage();
        return null;
    }

    public void OnReset() => Drop();

    public void OnQuit() { }

    public override void EndWhenIdle()
    {
        if (IsOver || Connection is null || _machine.InTransaction || _atDisk) return;
        DeliveryReplies.Stopping.WriteTo(Connection.Output);
        End();
    }

    public override void EndIfSilent(long nowNs)
    {
        if (Connection is null || _atDisk || nowNs - HeardNs < Floor.IdleTimeoutNs) return;
        if (IsOver)
        {
            Connection.Abort();
            return;
        }

        DeliveryReplies.Idle.WriteTo(Connection.Output);
        End();
    }

    protected override void Begin(Connection connection)
    {
        var refusal = Floor.IsStopping ? DeliveryReplies.Stopping : refused ? DeliveryReplies.TooManySessions : null;
        _machine.Greet(connection.Output, refusal);
        if (refusal is not null) End();
    }

    /// <summary>Mail comes as it comes to any MX: STARTTLS, if at all.</summary>
    protected override bool BeginsSecure => false;

    protected override void Secured() => _machine.Secured();

    protected override int Receive(Connection connection, ReadOnlySpan<byte> octets)
    {
        var consumed = _machine.Receive(octets, this, connection.Output);
        if (_machine.ShouldClose) End();
        else if (_machine.AwaitsTls) connection.StartTls(Floor.Tls!);
        else if (_machine.IsWaiting || connection.UnsentBytes > Connection.HighWaterBytes) connection.PauseReading();
        else if (Floor.IsStopping) EndWhenIdle();
        return consumed;
    }

    /// <summary>A message at the disk is let go when that is done.</summary>
    protected override void Release()
    {
        if (!_atDisk) Drop();
    }

    private SmtpReply Refuse(SmtpReply reply)
    {
        Floor.Tally.Refused++;
        return reply;
    }

    /// <summary>RFC 5321 §4.4: the final server writes the reverse-path, and says by whom and when it was received.</summary>
    private void WriteTrace()
    {
        var address = Connection!.RemoteEndPoint.Address;
        var literal = address.AddressFamily == AddressFamily.InterNetworkV6 ? $"IPv6:{address}" : address.ToString();
        var date = Floor.Store.Time.GetUtcNow().ToString("ddd, dd MMM yyyy HH:mm:ss +0000", CultureInfo.InvariantCulture);
        var trace = $"Return-Path: <{_reversePath}>\r\nReceived: from {_helo} ([{literal}])\r\n by {Floor.HostName} with {(lmtp ? "LMTP" : _machine.IsSecure ? "ESMTPS" : "ESMTP")}; {date}\r\n";
        OnContent(Encoding.UTF8.GetBytes(trace));
    }

    private void Drop()
    {
        Floor.ReceivingBytes -= _content.WireBytes;
        _content.Dispose();
        _recipients.Clear();
        _overflowed = false;
    }
}
