using MailBench.Model.Options;
using MailBench.Mta.Batching;

namespace MailBench.Simulation;

/// <summary>One session as the shell performs it: addresses and hosts in turn, transactions, envelopes sent ahead, the ways in which they end.</summary>
internal sealed partial class WorldSession
{
    private enum Fate { Open, Accepted, TooMany, Settled }

    private readonly World _world;
    private readonly SiteSession _site;
    private readonly HashSet<string> _domains = new(StringComparer.Ordinal);
    private Fate[] _fates = [];
    private int _address;
    private int _spread;
    private int _transactions;
    private bool _connected;
    private bool _stands;
    private bool _gone;
    private bool _maybeStale;
    private bool _flying;
    private int _idleNumber;

    public WorldSession(World world, SiteSession site)
    {
        (_world, _site) = (world, site);
        site.Owner = this;
        DialNextHost();
    }

    /// <summary>Recipients in its transactions.</summary>
    public int InHand => (_flying ? _site.Batch.Count : 0) + _site.Ahead.Count;

    private WorldHost Host => _world.HostOf(_site.Host.Name);
    private SimHost Traits => Host.Traits;

    /// <summary>Which of the host's addresses is being dialled: sessions begin with them in turn.</summary>
    private int Address => (_address + _spread) % _site.Host.Addresses.Count;
    private string AddressKey => $"{_site.Host.Name} {Address}";

    /// <summary>An idle session has a transaction.</summary>
    public void Begin()
    {
        _idleNumber++;
        Take(_site.Batch);
        Transact(roundTrips: 3);
    }

    public void Quit()
    {
        _idleNumber++;
        _world.Time.After(Traits.RoundTripMs, Finish);
    }

    /// <summary>Its slot is wanted elsewhere.</summary>
    public void Abandon()
    {
        if (_stands || _flying) throw new BrokenInvariantException($"a session at {_site.Host.Name} is abandoned although it stands");
        _world.Abandoned++;
        NoteAddress();
        Finish();
    }

    private void Dial()
    {
        Host.Dials++;
        _maybeStale = _stands = false;
        _transactions = 0;
        _domains.Clear();
        // As the shell does: what failed of late is passed over, but for the last one.
        while (_address < _site.Host.Addresses.Count - 1 && _world.Addresses.IsDead(AddressKey, _world.Time.NowNs, out _)) _address++;
        if (Address < Traits.DeadAddresses || Host.IsDown(_world.Time.NowNs)) _world.Time.After(Traits.BlackHole ? _world.DialTimeoutMs : Traits.RoundTripMs, TryNextAddress);
        else _world.Time.After(Traits.RoundTripMs, Connected);
    }

    private void Connected()
    {
        if (_gone) return;
        if (_connected = Host.TryConnect()) _world.Time.After((2 * Traits.RoundTripMs) + Traits.TarpitMs, Greeted);
        else if (Traits.GreetsRefused) _world.Time.After(Traits.RoundTripMs + Traits.TarpitMs, TryNextAddress);
        else TryNextAddress();
    }

    private void Greeted()
    {
        if (_gone) return;
        if (Host.IsDown(_world.Time.NowNs))
        {
            TryNextAddress();
            return;
        }

        _stands = true;
        _world.Addresses.Succeeded(AddressKey);
        if (Traits.AnnouncesLimits)
        {
            _site.RecipientLimit = Traits.MaxRecipients;
            _site.TransactionLimit = Traits.MaxTransactions;
            _site.DomainLimit = Traits.MaxDomains;
        }

        _world.Batcher.Opened(_site, _world.Time.NowNs);
        GoOn();
    }

    private void TryNextAddress()
    {
        if (_gone) return;
        Drop();
        NoteAddress();
        if (++_address < _site.Host.Addresses.Count) Dial();
        else if (_world.Batcher.HostFailed(_site, Fault(), _world.Time.NowNs)) DialNextHost();
        else Finish();
    }

    private void DialNextHost()
    {
        _address = 0;
        _spread = _world.NextSpread();
        Dial();
    }

    private void NoteAddress()
    {
        if (_site.Host.Addresses.Count > 1) _world.Addresses.Failed(Fault() with { Host = AddressKey }, _world.Time.NowNs);
    }

    private void GoOn()
    {
        _flying = false;
        switch (_world.Batcher.Next(_site, _world.Time.NowNs))
        {
            case NextStep.Begin:
                Begin();
                break;
            case NextStep.Close:
                Quit();
                break;
            default:
                _maybeStale = true;
                var number = ++_idleNumber;
                _world.Time.After(_world.IdleMs, () => IdleEnded(number));
                break;
        }
    }

    private void IdleEnded(int number)
    {
        if (number != _idleNumber) return;
        _world.Batcher.Retire(_site);
        Quit();
    }

    private void Finish()
    {
        if (_gone) return;
        _gone = true;
        Drop();
        _world.Batcher.Ended(_site);
        _world.Gone(this);
    }

    private void Drop()
    {
        if (_connected) Host.Sessions--;
        _connected = _stands = false;
    }

    private WorldRecipient RecipientAt(int i) => RecipientOf(_site.Batch, i);

    private WorldRecipient RecipientOf(DeliveryBatch batch, int i) => _world.RecipientOf(batch.Entry!, batch[i].Recipient);

    private HostFault Fault() => new(_site.Host.Name, null, "it is out of order", null, "4.4.1", null);
}
