using MailBench.Transport.Tls;

namespace MailBench.Transport;

internal abstract partial class LoopConnection
{
    private TlsLayer? _tls;

    public override bool IsSecure => _tls is { IsOpen: true };

    public override void StartTls(TlsParty party)
    {
        if (_tls is not null) throw new InvalidOperationException("TLS was begun already.");
        if (!IsOpen || IsDialling) return;
        _tls = new TlsLayer(this, loop, party);
        _tls.Begin();
        if (_presenting || _inputStart == _inputEnd) return;
        FeedRest(_input.AsSpan(_inputStart, _inputEnd - _inputStart));
        DropInput();
    }

    /// <summary>The handler takes input now.</summary>
    internal bool TakesOpened => !_paused && !_closing && !_draining;

    /// <summary>Octets that the peer sealed.</summary>
    internal void Opened(ReadOnlySpan<byte> octets) => Accept(octets);

    /// <summary>The peer has said that no more comes, or has sent FIN.</summary>
    internal void OpenedEnd() => InputOver();

    /// <summary>Octets for the peer, sealed or of the handshake.</summary>
    internal void SendSealed(ReadOnlySpan<byte> octets)
    {
        if (_closing || _finSent || _sendBroken) return;
        AppendOutput(octets);
        MarkDirty();
    }

    /// <summary>The handshake has succeeded: tells the handler.</summary>
    internal void Secured()
    {
        if (_closing) return;
        try
        {
            Handler!.OnSecured(this);
        }
        catch (Exception escaped)
        {
            Fail(escaped);
        }

        if (UnsentBytes > 0) MarkDirty();
    }

    /// <summary>The session cannot go on: an alert that has been written is given to the kernel first.</summary>
    internal void TlsFailed(string trouble)
    {
        if (_closing) return;
        if (HasPendingOutput) FlushOutput();
        Close(new CloseReason(CloseKind.TlsFailed, trouble), reset: false);
    }

    /// <summary>Gives TLS what the handler has left: nothing that came behind the command that asked for TLS is ever read as if it had come within it (RFC 3207 §6, RFC 9051 §6.2.1).</summary>
    private void FeedRest(ReadOnlySpan<byte> rest)
    {
        if (!rest.IsEmpty) _tls!.Feed(rest);
    }
}
