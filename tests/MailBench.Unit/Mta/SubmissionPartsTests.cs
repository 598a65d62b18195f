using System.Net;
using System.Text;
using CsCheck;
using MailBench.Mta.Queue;
using MailBench.Mta.Submission;
using Microsoft.Extensions.Time.Testing;
using MimeKit;
using Xunit;

namespace MailBench.Unit.Mta;

public class SubmissionPartsTests
{
    private static readonly DateTimeOffset At = new(2026, 1, 5, 18, 30, 7, TimeSpan.FromHours(9));

    [Fact]
    public void Trace_header_is_folded_and_says_who_where_and_when() => Assert.Equal(
        "Received: from client.example ([192.0.2.7])\r\n\tby mta.test with ESMTP id 1Z;\r\n\tMon, 05 Jan 2026 09:30:07 +0000\r\n",
        Trace("client.example", "192.0.2.7"));

    [Theory]
    [InlineData("::1", "([IPv6:::1])")]
    [InlineData("::ffff:192.0.2.7", "([192.0.2.7])")]
    [InlineData("fe80::1%3", "([IPv6:fe80::1])")]
    public void Trace_header_writes_address_literals(string client, string expected) => Assert.Contains(expected, Trace("c", client), StringComparison.Ordinal);

    [Theory]
    [InlineData("a(b")]
    [InlineData("a\r\nSubject: x")]
    [InlineData("")]
    [InlineData("\u00e9")]
    public void Trace_header_takes_no_name_that_could_break_it(string helo) => Assert.StartsWith("Received: from unknown (", Trace(helo, "192.0.2.7"), StringComparison.Ordinal);

    [Fact]
    public void Trace_header_reads_as_a_header_field()
    {
        var message = MimeMessage.Load(new MemoryStream(Encoding.ASCII.GetBytes(Trace("client.example", "192.0.2.7") + "Subject: x\r\n\r\nbody\r\n")));
        Assert.Equal(["Received", "Subject"], message.Headers.Select(header => header.Field));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("Received: a\r\nreceived: b\r\nRECEIVED:c\r\n\r\nReceived: body\r\n", 3)]
    [InlineData("Subject: x\r\n Received: folded\r\nX-Received: y\r\nReceived-SPF: z\r\nReceive: w\r\n\r\n", 0)]
    [InlineData("\r\nReceived: body\r\n", 0)]
    [InlineData("Received:", 1)]
    public void Hops_are_the_received_fields_of_the_header(string content, int expected)
    {
        var octets = Encoding.ASCII.GetBytes(content);
        Gen.Int[1, Math.Max(1, octets.Length)].List[0, 5].Sample(sizes =>
        {
            var hops = new HopCounter();
            var at = 0;
            foreach (var size in sizes)
            {
                var take = Math.Min(size, octets.Length - at);
                hops.Add(octets.AsSpan(at, take));
                at += take;
            }

            hops.Add(octets.AsSpan(at));
            return hops.Hops == expected;
        }, iter: 200);
    }

    [Fact]
    public void Content_comes_out_as_it_went_in_and_gives_its_memory_back() =>
        Gen.Byte.Array[0, 30_000].List[0, 8].Sample(pieces =>
        {
            var pool = new BlockPool(1 << 20, 1 << 20);
            for (var use = 0; use < 2; use++)
            {
                var buffer = pool.Rent();
                foreach (var piece in pieces) Assert.True(buffer.TryAdd(piece));
                var expected = pieces.SelectMany(piece => piece).ToArray();
                Assert.Equal(expected, buffer.SelectMany(piece => piece.ToArray()));
                Assert.Equal(expected, PiecesOf(buffer, offset: 0));
                Assert.Equal(expected[(expected.Length / 2)..], PiecesOf(buffer, offset: expected.Length / 2));
                Assert.InRange(pool.Received.UsedBytes, buffer.Length, long.MaxValue);
                buffer.Dispose();
                Assert.Equal(0, pool.Received.UsedBytes);
            }
        }, iter: 30);

    [Fact]
    public void Content_is_kept_for_its_delivery_up_to_a_limit_and_is_then_no_longer_charged_as_received()
    {
        var pool = new BlockPool(1 << 20, keptLimitBytes: 8 << 10);
        var (one, other) = (pool.Rent(), pool.Rent());
        Assert.True(one.TryAdd(new byte[5 << 10]) && other.TryAdd(new byte[5 << 10]));
        Assert.True(one.TryKeep());
        Assert.False(other.TryKeep());
        Assert.Equal(pool.Kept.UsedBytes, pool.Received.UsedBytes);
        one.Dispose();
        Assert.True(other.TryKeep());
        other.Dispose();
        Assert.Equal((0, 0), (pool.Kept.UsedBytes, pool.Received.UsedBytes));
        Assert.Throws<ObjectDisposedException>(other.Dispose);
    }

    [Fact]
    public void Content_beyond_the_budget_is_not_taken()
    {
        var pool = new BlockPool(64 << 10, 0);
        var (one, other) = (pool.Rent(), pool.Rent());
        Assert.True(one.TryAdd(new byte[48 << 10]));
        Assert.False(other.TryAdd(new byte[48 << 10]));
        Assert.False(pool.Received.Has(long.MaxValue));
        one.Dispose();
        other.Dispose();
        Assert.Equal(0, pool.Received.UsedBytes);
    }

    [Theory]
    [InlineData(QueueRefusal.Busy, "452 4.3.1")]
    [InlineData(QueueRefusal.DiskFull, "452 4.3.1")]
    [InlineData(QueueRefusal.DiskFailed, "451 4.3.0")]
    [InlineData(QueueRefusal.TooLarge, "552 5.3.4")]
    [InlineData(QueueRefusal.Closed, "421 4.3.2")]
    public void Queue_refusals_have_their_replies(QueueRefusal refusal, string expected) =>
        Assert.StartsWith(expected, SubmissionReplies.For(new QueueRefusedException(refusal, "no")).ToString(), StringComparison.Ordinal);

    private static byte[] PiecesOf(ContentBuffer buffer, long offset)
    {
        var all = new List<byte>();
        while (buffer.PieceAt(offset + all.Count) is { IsEmpty: false } piece) all.AddRange(piece);
        return [.. all];
    }

    private static string Trace(string helo, string client) => Encoding.ASCII.GetString(
        new TraceHeader(new FakeTimeProvider(At)).Complete(TraceHeader.Begin(Encoding.Latin1.GetBytes(helo), extended: true, IPAddress.Parse(client), "mta.test"), new QueueId(71)));
}
