using System.Globalization;

namespace MailBench.Mta.Routing;

/// <summary>One domain's search, once: MX, then the addresses of its hosts, or of the domain itself (RFC 5321 §5.1). On the loop.</summary>
internal sealed class WaySearch(Resolver resolver, RouterOptions options, string hostName, string domain, Action<Way, TimeSpan> finish)
{
    /// <summary>Hosts looked at; a longer list is cut at the tail of its preferences, since nobody needs more to try.</summary>
    private const int MaxHosts = 64;

    private readonly List<MxHost> _found = [];
    private TimeSpan _life;
    private string _mxSet = "";
    private string? _failure;
    private bool _stale;
    private int _outstanding;

    public void Start() => resolver.Ask(domain, RecordKind.Exchanges, OnExchanges);

    private void OnExchanges(Answer answer)
    {
        _life = resolver.LifeOf(answer);
        _stale = answer.Stale;
        switch (answer.Status)
        {
            case AnswerStatus.Found:
                AskHosts(answer.Exchanges, answer.Additional);
                break;
            case AnswerStatus.NoData:
                resolver.Ask(domain, RecordKind.Addresses, OnImplicit);
                break;
            case AnswerStatus.NoSuchName:
                Fail(RouteKind.NoSuchDomain, "5.1.2", $"{domain} does not exist (NXDOMAIN)");
                break;
            default:
                Fail(RouteKind.Defer, "4.4.3", answer.Reason!);
                break;
        }
    }

    /// <summary>No MX: the domain itself is the host, at preference 0.</summary>
    private void OnImplicit(Answer answer)
    {
        Shorten(resolver.LifeOf(answer));
        _stale |= answer.Stale;
        switch (answer.Status)
        {
            case AnswerStatus.Found when domain == hostName:
                Fail(RouteKind.Unroutable, "5.4.6", $"mail for {domain} loops back to us");
                break;
            case AnswerStatus.Found:
                finish(Way.To([new MxHost(domain, 0, answer.Addresses)], $"0 {domain}", _stale), _life);
                break;
            case AnswerStatus.NoData or AnswerStatus.NoSuchName:
                Fail(RouteKind.NoSuchDomain, "5.1.2", $"{domain} has neither MX nor address");
                break;
            default:
                Fail(RouteKind.Defer, "4.4.3", answer.Reason!);
                break;
        }
    }

    private void AskHosts(IReadOnlyList<Exchange> exchanges, IReadOnlyList<HostAddresses> additional)
    {
        if (exchanges is [{ Host: "" }])
        {
            Fail(RouteKind.NullMx, "5.1.10", $"{domain} takes no mail (null MX)");
            return;
        }

        var hosts = exchanges.Where(exchange => exchange.Host.Length > 0)
            .GroupBy(exchange => exchange.Host, (_, same) => same.MinBy(exchange => exchange.Preference))
            .OrderBy(exchange => exchange.Preference).ThenBy(exchange => exchange.Host, StringComparer.Ordinal).Take(MaxHosts).ToList();

        // RFC 5321 §5.1: we ourselves and everything not better than we are must not be tried, or mail would go round.
        var own = hosts.FindIndex(exchange => exchange.Host == hostName);
        if (own >= 0)
        {
            var ownPreference = hosts[own].Preference;
            hosts.RemoveAll(exchange => exchange.Preference >= ownPreference);
            if (hosts.Count == 0)
            {
                Fail(RouteKind.Unroutable, "5.4.6", $"mail for {domain} loops back to us: {hostName} is its best MX");
                return;
            }
        }

        if (hosts.Count == 0)
        {
            Fail(RouteKind.Unroutable, "5.4.4", $"no MX of {domain} names a host");
            return;
        }

        _mxSet = string.Join(',', hosts.Select(exchange => string.Create(CultureInfo.InvariantCulture, $"{exchange.Preference} {exchange.Host}")));
        _outstanding = hosts.Count;
        foreach (var exchange in hosts)
        {
            if (additional.FirstOrDefault(host => host.Host == exchange.Host) is { } known) OnHost(exchange, known.ToAnswer());
            else resolver.Ask(exchange.Host, RecordKind.Addresses, answer => OnHost(exchange, answer));
        }
    }

    private void OnHost(Exchange exchange, Answer answer)
    {
        _stale |= answer.Stale;
        if (answer.Status == AnswerStatus.Found) _found.Add(new MxHost(exchange.Host, exchange.Preference, answer.Addresses));
        if (answer.Status == AnswerStatus.Failed) _failure = answer.Reason;
        else Shorten(resolver.LifeOf(answer));
        if (--_outstanding > 0) return;

        if (_failure is not null) Shorten(_found.Count > 0 ? options.PartialTtl : options.FailureTtl);
        if (_found.Count > 0) finish(Way.To(_found, _mxSet, _stale), _life);
        else if (_failure is not null) Fail(RouteKind.Defer, "4.4.3", _failure);
        else Fail(RouteKind.Unroutable, "5.4.4", $"no MX host of {domain} has an address");
    }

    private void Fail(RouteKind kind, string status, string reason) => finish(Way.Fail(kind, status, reason), _life);

    private void Shorten(TimeSpan life) => _life = life < _life ? life : _life;
}
