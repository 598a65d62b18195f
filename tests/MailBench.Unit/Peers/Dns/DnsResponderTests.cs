using MailBench.Model.Options;
using MailBench.Peers;
using MailBench.Peers.Dns;
using MailBench.Unit.Wire.Dns;
using MailBench.Wire.Dns;
using Xunit;

namespace MailBench.Unit.Peers.Dns;

/// <summary>RFC 1034 §4.3.2 against a zone that has every case.</summary>
public sealed class DnsResponderTests
{
    private const string Records = """
        @        NS    ns
        ns       A     127.0.0.53
        @        MX    10 mx
        mx       A     127.0.0.1
                 AAAA  ::1
        two      MX    10 mx
                 MX    20 elsewhere.example.
        alias    CNAME two
        hop1     CNAME hop2
        hop2     CNAME mx
        gone     CNAME nowhere
        away     CNAME www.example.
        loop     CNAME loop
        deep.er.still A 127.0.0.2
        *.wild   MX    5 mx
        named.wild A   127.0.0.3
        *.cwild  CNAME mx
        sub      NS    ns.sub
        sub      NS    ns.example.
        ns.sub   A     127.0.0.54
        text     TXT   "one" "two"
        1.0.0.127.in PTR mx
        """;

    private static readonly Zone[] Zones = [DnsServer.ZoneOf(Records)];

    private static DnsMessage Ask(string name, DnsType type, int? edns = null, bool tcp = false) => DnsServer.Ask(Zones, name, type, edns, tcp)!;

    [Fact]
    public void Mx_answers_carry_the_addresses_of_their_hosts()
    {
        var answer = Ask("TWO.test", DnsType.MX);
        Assert.Equal((DnsRcode.NoError, true, false, true, (ushort)4711), (answer.Rcode, answer.Authoritative, answer.Truncated, answer.RecursionDesired, answer.Id));
        Assert.Equal(["two.test 3600 MX 10 mx.test", "two.test 3600 MX 20 elsewhere.example"], answer.Answers.Select(r => r.ToString()));
        Assert.Equal(["mx.test 3600 A 127.0.0.1", "mx.test 3600 AAAA ::1"], answer.Additionals.Select(r => r.ToString()));
        Assert.Empty(answer.Authorities);
    }

    [Theory]
    [InlineData("alias.test", DnsType.MX, "alias.test 3600 CNAME two.test|two.test 3600 MX 10 mx.test|two.test 3600 MX 20 elsewhere.example")]
    [InlineData("hop1.test", DnsType.A, "hop1.test 3600 CNAME hop2.test|hop2.test 3600 CNAME mx.test|mx.test 3600 A 127.0.0.1")]
    [InlineData("hop1.test", DnsType.CNAME, "hop1.test 3600 CNAME hop2.test")]
    [InlineData("away.test", DnsType.A, "away.test 3600 CNAME www.example")]
    [InlineData("deep.er.still.test", DnsType.A, "deep.er.still.test 3600 A 127.0.0.2")]
    [InlineData("any.thing.wild.test", DnsType.MX, "any.thing.wild.test 3600 MX 5 mx.test")]
    [InlineData("x.cwild.test", DnsType.A, "x.cwild.test 3600 CNAME mx.test|mx.test 3600 A 127.0.0.1")]
    [InlineData("1.0.0.127.in.test", DnsType.PTR, "1.0.0.127.in.test 3600 PTR mx.test")]
    [InlineData("text.test", DnsType.TXT, "text.test 3600 TXT 036F6E650374776F")]
    [InlineData("mx.test", DnsType.ANY, "mx.test 3600 A 127.0.0.1|mx.test 3600 AAAA ::1")]
    public void Names_that_exist_are_answered(string name, DnsType type, string records)
    {
        var answer = Ask(name, type);
        Assert.Equal((DnsRcode.NoError, true), (answer.Rcode, answer.Authoritative));
        Assert.Equal(records.Split('|'), answer.Answers.Select(r => r.ToString()));
    }

    [Theory]
    [InlineData("nowhere.test", DnsType.A, DnsRcode.NxDomain)]
    [InlineData("a.mx.test", DnsType.A, DnsRcode.NxDomain)]
    [InlineData("gone.test", DnsType.A, DnsRcode.NxDomain)]
    [InlineData("mx.test", DnsType.MX, DnsRcode.NoError)]
    [InlineData("er.still.test", DnsType.A, DnsRcode.NoError)]
    [InlineData("still.test", DnsType.A, DnsRcode.NoError)]
    [InlineData("x.wild.test", DnsType.A, DnsRcode.NoError)]
    [InlineData("x.named.wild.test", DnsType.MX, DnsRcode.NxDomain)]
    [InlineData("named.wild.test", DnsType.MX, DnsRcode.NoError)]
    public void What_is_not_there_is_denied_with_the_soa(string name, DnsType type, DnsRcode rcode)
    {
        var answer = Ask(name, type);
        Assert.Equal((rcode, true), (answer.Rcode, answer.Authoritative));
        Assert.DoesNotContain(answer.Answers, record => record.Type == type);
        Assert.Equal("test 60 SOA ns.test hostmaster.test 1 3600 600 86400 60", Assert.Single(answer.Authorities).ToString());
    }

    [Theory]
    [InlineData("sub.test")]
    [InlineData("deep.in.sub.test")]
    public void A_delegation_is_referred_with_glue_and_without_authority(string name)
    {
        var answer = Ask(name, DnsType.MX);
        Assert.Equal((DnsRcode.NoError, false), (answer.Rcode, answer.Authoritative));
        Assert.Empty(answer.Answers);
        Assert.Equal(["sub.test 3600 NS ns.sub.test", "sub.test 3600 NS ns.example"], answer.Authorities.Select(r => r.ToString()));
        Assert.Equal(["ns.sub.test 3600 A 127.0.0.54"], answer.Additionals.Select(r => r.ToString()));
    }

    [Fact]
    public void A_child_zone_served_too_answers_itself()
    {
        var answer = DnsServer.Ask([.. Zones, DnsServer.ZoneOf("@ NS ns\nns A 127.0.0.54\nhost A 127.0.0.55", "sub.test")], "host.sub.test", DnsType.A)!;
        Assert.True(answer.Authoritative);
        Assert.Equal("127.0.0.55", Assert.Single(answer.Answers).Data);
    }

    [Fact]
    public void A_cname_loop_ends() => Assert.Equal(9, Ask("loop.test", DnsType.A).Answers.Count);

    [Theory]
    [InlineData("example", DnsType.A)]
    [InlineData(".", DnsType.NS)]
    [InlineData("test", DnsType.AXFR)]
    public void What_is_not_ours_is_refused(string name, DnsType type) => Assert.Equal(DnsRcode.Refused, Ask(name, type).Rcode);

    [Fact]
    public void Answers_over_the_clients_udp_size_are_truncated_and_whole_over_tcp()
    {
        Zone[] zones = [DnsServer.ZoneOf(string.Join('\n', Enumerable.Range(0, 60).Select(i => $"big A 127.0.2.{i}")))];
        var plain = DnsServer.Ask(zones, "big.test", DnsType.A)!;
        Assert.Equal((true, 0, DnsRcode.NoError), (plain.Truncated, plain.Answers.Count, plain.Rcode));
        var edns = DnsServer.Ask(zones, "big.test", DnsType.A, edns: 1232)!;
        Assert.Equal((false, 60, 4096), (edns.Truncated, edns.Answers.Count, edns.EdnsSize));
        var tcp = DnsServer.Ask(zones, "big.test", DnsType.A, tcp: true)!;
        Assert.Equal((false, 60), (tcp.Truncated, tcp.Answers.Count));
    }

    [Fact]
    public void Additional_records_that_do_not_fit_are_left_out_without_truncation()
    {
        Zone[] zones = [DnsServer.ZoneOf("@ MX 1 a\n@ MX 2 b\n" + string.Join('\n', Enumerable.Range(0, 60).Select(i => $"a A 127.0.2.{i}")) + "\nb A 127.0.0.1")];
        var answer = DnsServer.Ask(zones, "test", DnsType.MX)!;
        Assert.Equal((false, 2, 0), (answer.Truncated, answer.Answers.Count, answer.Additionals.Count));
    }

    [Fact]
    public void An_unknown_edns_version_is_said_so()
    {
        var query = new byte[512];
        query = query[..DnsQuery.Write(query, 1, DnsName.Parse("mx.test"), DnsType.A, 1232)];
        query[^5] = 1;
        var output = new byte[512];
        var outcome = new DnsResponder(new ZoneSet(Zones), new FaultTable([])).Answer(query, output, false, new DnsTally());
        Assert.Equal(DnsRcode.BadVers, DnsMessage.Read(output.AsSpan(0, outcome.Length)).Rcode);
    }

    [Theory]
    [InlineData("servfail", DnsRcode.ServFail)]
    [InlineData("nxdomain", DnsRcode.NxDomain)]
    [InlineData("refused", DnsRcode.Refused)]
    public void Faults_of_rcode_hit_the_names_that_match(string kind, DnsRcode rcode)
    {
        string[] faults = [$"t?o.test:{kind}"];
        var hit = DnsServer.Ask(Zones, "two.test", DnsType.MX, faults: faults)!;
        Assert.Equal((rcode, 0), (hit.Rcode, hit.Answers.Count));
        Assert.Equal(DnsRcode.NoError, DnsServer.Ask(Zones, "mx.test", DnsType.A, faults: faults)!.Rcode);
    }

    [Fact]
    public void Fault_drop_leaves_without_an_answer()
    {
        Assert.Null(DnsServer.Ask(Zones, "two.test", DnsType.MX, faults: "*:drop"));
        Assert.Null(DnsServer.Ask(Zones, "two.test", DnsType.MX, tcp: true, faults: "*:drop"));
    }

    [Fact]
    public void Fault_truncate_spares_tcp()
    {
        var udp = DnsServer.Ask(Zones, "two.test", DnsType.MX, edns: 4096, faults: "*.test:truncate")!;
        Assert.Equal((true, 0), (udp.Truncated, udp.Answers.Count));
        var tcp = DnsServer.Ask(Zones, "two.test", DnsType.MX, tcp: true, faults: "*.test:truncate")!;
        Assert.Equal((false, 2), (tcp.Truncated, tcp.Answers.Count));
    }

    [Fact]
    public void Fault_lame_refers_upward_without_authority()
    {
        var answer = DnsServer.Ask(Zones, "two.test", DnsType.MX, faults: "*:lame")!;
        Assert.Equal((DnsRcode.NoError, false, 0), (answer.Rcode, answer.Authoritative, answer.Answers.Count));
        Assert.Equal(".", Assert.Single(answer.Authorities).Owner);
    }

    [Fact]
    public void Fault_no_additional_withholds_addresses_only()
    {
        var answer = DnsServer.Ask(Zones, "two.test", DnsType.MX, faults: "*:no-additional")!;
        Assert.Equal((2, 0), (answer.Answers.Count, answer.Additionals.Count));
        Assert.Single(DnsServer.Ask(Zones, "mx.test", DnsType.A, faults: "*:no-additional")!.Answers);
    }

    [Fact]
    public void Of_rules_that_match_the_first_counts_and_delay_goes_with_any()
    {
        var table = new FaultTable([DnsFaultRule.Parse("a*:delay:20ms"), DnsFaultRule.Parse("*:delay:1s"), DnsFaultRule.Parse("a.test:refused"), DnsFaultRule.Parse("*:servfail")]);
        Assert.Equal(new FaultVerdict(DnsFaultKind.Refused, 20_000_000), table.Judge(DnsName.Parse("a.test").Wire));
        Assert.Equal(new FaultVerdict(DnsFaultKind.Servfail, 1_000_000_000), table.Judge(DnsName.Parse("b.test").Wire));
    }

    [Theory]
    [InlineData("*", "", true)]
    [InlineData("d*.test", "d17.test", true)]
    [InlineData("d*.test", "d17.test.example", false)]
    [InlineData("*.test", "test", false)]
    [InlineData("*a*b", "xxaxxbxb", true)]
    [InlineData("d?.test", "d17.test", false)]
    public void Patterns_match_whole_names(string pattern, string name, bool matches) =>
        Assert.Equal(matches, Glob.IsMatch(System.Text.Encoding.ASCII.GetBytes(pattern), System.Text.Encoding.ASCII.GetBytes(name)));

    [Theory]
    [InlineData("servfail")]
    [InlineData("*:melt")]
    [InlineData("*:delay")]
    [InlineData("*:delay:soon")]
    [InlineData("*:servfail:10%")]
    [InlineData(":drop")]
    [InlineData("*:delay:1h")]
    public void A_fault_that_is_none_is_refused(string rule) => Assert.Throws<FormatException>(() => DnsFaultRule.Parse(rule));
}
