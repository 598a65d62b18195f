using System.Net;
using System.Net.Sockets;
using MailBench.Model.Nodes;
using MailBench.Transport;

namespace MailBench.Peers.Mailbox;

/// <summary>
/// Tells an MTA of each login (POP-before-SMTP). It does so before the client hears of the login, so that the client's next connection to the MTA finds its address known; where the MTA does not take it at once, that
/// login is kept, <see cref="MaxWaiting"/> addresses at most, and tried again a little later. What is told to no MTA is lost. An address is told once a second at most. Of the loop.
/// </summary>
internal sealed class LoginTeller : IDisposable
{
    private const int MaxWaiting = 4096, MaxRecent = 4096;
    private const long AgainNs = 5_000_000, RecentNs = 1_000_000_000, ComplaintNs = 60_000_000_000;

    private readonly EventLoop _loop;
    private readonly UnixDomainSocketEndPoint _mta;
    private readonly string _path;
    private readonly Action<string> _complain;
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
    private readonly Queue<IPAddress> _waiting = new();
    private readonly HashSet<IPAddress> _recent = [];
    private readonly LoopTimer _again;
    private long _recentSinceNs, _complainedNs = -ComplaintNs;

    /// <summary>Throws <see cref="NodeRefusedException"/> for a path that no socket can have.</summary>
    public LoginTeller(EventLoop loop, string path, Action<string> complain)
    {
        (_loop, _path, _complain) = (loop, Path.GetFullPath(path), complain);
        try
        {
            _mta = new UnixDomainSocketEndPoint(_path);
        }
        catch (ArgumentOutOfRangeException tooLong)
        {
            throw new NodeRefusedException($"{_path} is too long for a socket's name (107 octets); name another with --pop-before-smtp.", tooLong);
        }

        _again = loop.CreateTimer(static teller => ((LoginTeller)teller!).Send(), this);
    }

    public void Tell(IPAddress client)
    {
        if (_loop.TurnNs - _recentSinceNs >= RecentNs || _recent.Count >= MaxRecent)
        {
            _recent.Clear();
            _recentSinceNs = _loop.TurnNs;
        }

        if (!_recent.Add(client)) return;
        if (_waiting.Count >= MaxWaiting)
        {
            Complain("it takes logins too slowly, and some were not told");
            return;
        }

        _waiting.Enqueue(client);
        if (!_again.IsArmed) Send();
    }

    public void Dispose()
    {
        _again.Dispose();
        _socket.Dispose();
    }

    private void Send()
    {
        try
        {
            while (_waiting.TryPeek(out var client))
            {
                _socket.SendTo(LoginNotice.Format(client), _mta);
                _waiting.Dequeue();
            }
        }
        catch (SocketException full) when (full.SocketErrorCode is SocketError.WouldBlock or SocketError.NoBufferSpaceAvailable)
        {
            _again.Arm(_loop.TurnNs + AgainNs);
        }
        catch (SocketException refused)
        {
            // Not told a second time: a client that finds itself refused logs in again.
            _waiting.Clear();
            Complain(refused.Message);
        }
    }

    private void Complain(string reason)
    {
        if (_loop.TurnNs - _complainedNs < ComplaintNs) return;
        _complainedNs = _loop.TurnNs;
        _complain($"the MTA at {_path} cannot be told of logins: {reason}. Is 'mailbench mta --pop-before-smtp {_path}' running as the same user?");
    }
}
