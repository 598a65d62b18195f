using MailBench.Model.Options;
using MailBench.Peers.Dns;
using MailBench.Wire.Dns;
using Xunit;

namespace MailBench.Unit.Peers.Dns;

public sealed class ZoneTests
{
    [Fact]
    public void A_master_file_in_all_its_forms_is_read()
    {
        const string text = """
            ; a comment; with a semicolon
            $ORIGIN example.test.
            $TTL 1h
            @   IN SOA ns hostmaster.example.test. ( 2024010101 ; serial
                        1h 10m   ; refresh, retry
                        1w 5m )
                NS  ns
            ns  300 IN A 127.0.0.53
                IN 400 AAAA ::1
            www A 127.0.0.1        ; one
                A 127.0.0.2
            $ORIGIN sub
            a\.b MX 10 www.example.test.
            esc\097 TXT "say \"hi; (there)\"" plain \065\;
            *   CNAME @
            @   A 127.0.0.9
            """;
        Zone[] zones = [MasterFile.Parse(text, "example")];
        string Of(string name, DnsType type) => string.Join('|', DnsServer.Ask(zones, name, type)!.Answers.Select(record => record.ToString()));
        Assert.Equal("example.test 3600 SOA ns.example.test hostmaster.example.test 2024010101 3600 600 604800 300", Of("example.test", DnsType.SOA));
        Assert.Equal("ns.example.test 300 A 127.0.0.53", Of("ns.example.test", DnsType.A));
        Assert.Equal("ns.example.test 400 AAAA ::1", Of("ns.example.test", DnsType.AAAA));
        Assert.Equal("www.example.test 3600 A 127.0.0.1|www.example.test 3600 A 127.0.0.2", Of("www.example.test", DnsType.A));
        Assert.Equal(@"a\.b.sub.example.test 3600 MX 10 www.example.test", Of(@"a\.b.sub.example.test", DnsType.MX));
        Assert.Equal("esca.sub.example.test 3600 TXT " + Hex("say \"hi; (there)\"") + Hex("plain") + Hex("A;"), Of("esca.sub.example.test", DnsType.TXT));
        Assert.Equal("x.sub.example.test 3600 CNAME sub.example.test|sub.example.test 3600 A 127.0.0.9", Of("x.sub.example.test", DnsType.A));
        static string Hex(string s) => s.Length.ToString("X2", System.Globalization.CultureInfo.InvariantCulture) + Convert.ToHexString(System.Text.Encoding.ASCII.GetBytes(s));
    }

    [Theory]
    [InlineData("@ SOA ns host 1 2 3 4 5\nwww A 127.0.0.1\n\nwww B 1", ":4: 'B' is not a type")]
    [InlineData("www A 127.0.0.1", ":1: no TTL")]
    [InlineData("$TTL soon", ":1: 'soon' is not a TTL")]
    [InlineData("$TTL 1\n@ SOA ns host 1 2 3 4 5\nwww A 127.0.1", ":3: '127.0.1' is not an address")]
    [InlineData("$TTL 1\n@ SOA ns host 1 2 3 4 5\nwww MX ns", ":3: 'ns' in MX is not a number")]
    [InlineData("$TTL 1\n@ SOA ns host 1 2 3 4 5\nwww MX 1", ":3: MX lacks a domain name")]
    [InlineData("$TTL 1\n@ SOA ns host 1 2 3 4 5\nwww A 127.0.0.1 127.0.0.2", ":3: '127.0.0.2' is too much for A")]
    [InlineData("$TTL 1\n@ SOA ns host (1 2\n 3 4 5\n", "the file ends within parentheses")]
    [InlineData("$TTL 1\n@ SOA ns host 1 2 3 4 5 )", ":2: a closing parenthesis")]
    [InlineData("$TTL 1\n@ SOA ns host 1 2 3 4 5\nt TXT \"open", ":3: a quoted string does not end")]
    [InlineData("$TTL 1\n@ SOA ns host 1 2 3 4 5\nw CNAME a\nw A 127.0.0.1", ":4: w.test has a CNAME and other records")]
    [InlineData("$TTL 1\n@ SOA ns host 1 2 3 4 5\nwww.example. A 127.0.0.1", ":3: www.example lies outside the zone test")]
    [InlineData("$TTL 1\n@ SOA ns host 1 2 3 4 5\nw..w A 127.0.0.1", ":3: 'w..w' is not a domain name")]
    [InlineData("$TTL 1\n@ CH SOA ns host 1 2 3 4 5", ":2: class CH is not served")]
    [InlineData("$GENERATE 1-2 a A 127.0.0.1", ":1: '$GENERATE' is not a directive")]
    [InlineData("$TTL 1\nwww A 127.0.0.1", "no SOA record")]
    [InlineData("  A 127.0.0.1", ":1: a record without an owner")]
    public void Errors_name_the_line_and_what_is_wrong(string text, string message)
    {
        var wrong = Assert.Throws<ZoneException>(() => MasterFile.Parse(text, "zone.txt", DnsName.Parse("test")));
        Assert.StartsWith("zone.txt", wrong.Message, StringComparison.Ordinal);
        Assert.Contains(message, wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_take_their_origin_from_their_name_and_include_others()
    {
        var folder = Directory.CreateTempSubdirectory("mailbench-zone");
        try
        {
            var path = Path.Combine(folder.FullName, "include.test.zone");
            File.WriteAllText(path, "$TTL 60\n@ SOA ns host 1 2 3 4 5\n$INCLUDE hosts sub\nlast A 127.0.0.2\n");
            File.WriteAllText(Path.Combine(folder.FullName, "hosts"), "first A 127.0.0.1\n");
            Zone[] zones = [MasterFile.Read(path)];
            Assert.Single(DnsServer.Ask(zones, "first.sub.include.test", DnsType.A)!.Answers);
            Assert.Single(DnsServer.Ask(zones, "last.include.test", DnsType.A)!.Answers);
            File.WriteAllText(Path.Combine(folder.FullName, "hosts"), "\nfirst A nonsense\n");
            Assert.Contains("hosts:2: 'nonsense'", Assert.Throws<ZoneException>(() => MasterFile.Read(path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void The_generator_gives_hosts_their_addresses_in_order_and_domains_their_hosts_in_turn()
    {
        Zone[] zones = [ZoneGenerator.Generate(GeneratedZoneSpec.Parse("domains=100,mx=5,suffix=test,addresses=127.0.1.0/24,per-domain=2,additional=on,return=127.0.0.3"))];
        for (var i = 0; i < 5; i++) Assert.Equal($"127.0.1.{i + 1}", Assert.Single(DnsServer.Ask(zones, $"mx{i}.test", DnsType.A)!.Answers).Data);
        for (var j = 0; j < 100; j++)
        {
            var answer = DnsServer.Ask(zones, $"d{j}.test", DnsType.MX)!;
            Assert.Equal([$"10 mx{j % 5}.test", $"10 mx{(j + 1) % 5}.test"], answer.Answers.Select(record => record.Data));
            Assert.Equal([$"127.0.1.{(j % 5) + 1}", $"127.0.1.{((j + 1) % 5) + 1}"], answer.Additionals.Select(record => record.Data));
        }

        Assert.Equal("127.0.0.3", Assert.Single(DnsServer.Ask(zones, "source.test", DnsType.A)!.Answers).Data);
        Assert.Equal(DnsRcode.NxDomain, DnsServer.Ask(zones, "d100.test", DnsType.MX)!.Rcode);
        Assert.Equal(DnsRcode.NxDomain, DnsServer.Ask(zones, "mx5.test", DnsType.A)!.Rcode);
    }

    [Fact]
    public void The_generator_withholds_additional_records_when_told()
    {
        Zone[] zones = [ZoneGenerator.Generate(GeneratedZoneSpec.Parse("domains=1,mx=1,additional=off,suffix=mail.example,addresses=127.0.0.9"))];
        var answer = DnsServer.Ask(zones, "d0.mail.example", DnsType.MX)!;
        Assert.Equal("10 mx0.mail.example", Assert.Single(answer.Answers).Data);
        Assert.Empty(answer.Additionals);
        Assert.Equal("127.0.0.9", Assert.Single(DnsServer.Ask(zones, "mx0.mail.example", DnsType.A)!.Answers).Data);
    }

    [Theory]
    [InlineData("127.0.1.0/24", 254, "127.0.1.1", "127.0.1.254")]
    [InlineData("127.0.1.10/24", 2, "127.0.1.10", "127.0.1.11")]
    [InlineData("127.0.0.0/16", 300, "127.0.0.1", "127.0.1.44")]
    [InlineData("127.0.0.5/32", 1, "127.0.0.5", "127.0.0.5")]
    [InlineData("fd00::/64", 3, "fd00::1", "fd00::3")]
    public void Addresses_count_up_from_the_given_one(string network, int mx, string first, string last)
    {
        var addresses = GeneratedZoneSpec.HostAddresses(new GeneratedZone { Addresses = network, Mx = mx });
        Assert.Equal((mx, first, last), (addresses.Count, addresses[0].ToString(), addresses[^1].ToString()));
    }

    [Theory]
    [InlineData("domains=0")]
    [InlineData("domains")]
    [InlineData("hosts=3")]
    [InlineData("mx=2,mx=3")]
    [InlineData("mx=255,addresses=127.0.1.0/24")]
    [InlineData("addresses=localhost")]
    [InlineData("addresses=127.0.0.1/33")]
    [InlineData("mx=2,per-domain=3")]
    [InlineData("additional=maybe")]
    [InlineData("suffix=a..b")]
    [InlineData("return=here")]
    public void A_spec_that_cannot_be_is_refused(string spec) => Assert.Throws<FormatException>(() => GeneratedZoneSpec.Parse(spec));

    [Fact]
    public void A_spec_reads_back_as_written()
    {
        var zone = new GeneratedZone { Domains = 7, Mx = 3, Suffix = "x.test", Addresses = "127.0.5.0/28", PerDomain = 2, Additional = false, Return = "127.0.0.3", Ttl = TimeSpan.FromSeconds(90) };
        Assert.Equal(zone, GeneratedZoneSpec.Parse(GeneratedZoneSpec.Format(zone)));
    }
}
