namespace MailBench.Analysis.Figures;

/// <summary>What the ideal ceiling is computed from. Octets; RecipientsPerMessage = recipients offered per message.</summary>
public sealed record IdealWorkload
{
    public required int RecipientsPerMessage { get; init; }
    public required int Domains { get; init; }
    public required int MxHosts { get; init; }

    /// <summary>First-choice hosts of a domain: dJ has hosts (J + k) mod MxHosts for k below this.</summary>
    public required int HostsPerDomain { get; init; }
    public required int RecipientsPerTransaction { get; init; }

    /// <summary>Mean content of a copy, trace header included, before dot-stuffing.</summary>
    public required double ContentOctets { get; init; }
    public required double DotsStuffed { get; init; }

    /// <summary>Mean octets of a MAIL command and of a RCPT command, CRLF included.</summary>
    public required double MailOctets { get; init; }
    public required double RcptOctets { get; init; }

    /// <summary>Content goes by BDAT: its line instead of DATA, the dots and the end of data.</summary>
    public bool Chunking { get; init; }

    /// <summary>A content and the next envelope are one wave (with BDAT, RSET between them).</summary>
    public bool Overlap { get; init; }
}

/// <summary>
/// The ideal line ceiling (method): fewest copies over first-choice MX hosts, full segments, pipelined, handshakes amortised. Deliveries per second; the reverse
/// direction's bound depends on how many pure ACKs the peer sends (none … one per two segments), so there are two.
/// </summary>
public sealed record IdealCeiling(double ForwardOctetsPerDelivery, double ReverseOctetsPerDeliveryLow, double ReverseOctetsPerDeliveryHigh, double CopiesPerMessage)
{
    /// <summary>Ethernet 14 + IPv4 20 + TCP with time stamps 32.</summary>
    public const int HeaderOctets = 66;
    public const int Mss = 1448;

    /// <summary>Recipients looked at: enough for every real workload to come round; beyond, the mean over these messages is as good.</summary>
    private const int MaxRecipients = 5_000_000;

    /// <summary>Nominal octets of one reply line (<c>250 2.1.5 Ok</c> and the like).</summary>
    private const int ReplyOctets = 20;

    public double PerSecond(double forwardBits, double reverseBits) =>
        Math.Min(forwardBits / 8 / ForwardOctetsPerDelivery, reverseBits / 8 / ReverseOctetsPerDeliveryLow);

    public double LowPerSecond(double forwardBits, double reverseBits) =>
        Math.Min(forwardBits / 8 / ForwardOctetsPerDelivery, reverseBits / 8 / ReverseOctetsPerDeliveryHigh);

    public static IdealCeiling Of(IdealWorkload w)
    {
        double forward = 0, reverseLow = 0, reverseHigh = 0, copies = 0;
        var messages = Math.Clamp(MaxRecipients / w.RecipientsPerMessage, 1, w.Domains / Gcd(w.Domains, w.RecipientsPerMessage));
        for (var message = 0; message < messages; message++)
            foreach (var onHost in FewestCopies(w, message))
                for (var left = onHost; left > 0; left -= w.RecipientsPerTransaction)
                {
                    var recipients = Math.Min(left, w.RecipientsPerTransaction);
                    var (envelope, content) = Waves(w, recipients);
                    var segments = w.Overlap ? Math.Ceiling((envelope + content) / Mss) : Math.Ceiling(envelope / Mss) + Math.Ceiling(content / Mss);
                    // MAIL, RCPT, 354 unless BDAT, RSET where it leads; then the final reply, in a segment of its own unless the waves are one.
                    var replies = (recipients + (w.Chunking ? w.Overlap ? 2 : 1 : 2)) * ReplyOctets;
                    var replySegments = w.Overlap ? Math.Ceiling((replies + ReplyOctets) / (double)Mss) : Math.Ceiling(replies / (double)Mss) + 1;
                    forward += envelope + content + HeaderOctets * segments;
                    reverseLow += replies + ReplyOctets + HeaderOctets * replySegments;
                    reverseHigh += replies + ReplyOctets + HeaderOctets * (replySegments + segments / 2);
                    copies++;
                }

        var deliveries = (double)messages * w.RecipientsPerMessage;
        return new IdealCeiling(forward / deliveries, reverseLow / deliveries, reverseHigh / deliveries, copies / messages);
    }

    /// <summary>Octets up to the wait for 354 (BDAT: for the recipients' replies), and of the content with what frames it.</summary>
    private static (double Envelope, double Content) Waves(IdealWorkload w, int recipients)
    {
        var envelope = w.MailOctets + recipients * w.RcptOctets;
        if (!w.Chunking) return (envelope + "DATA\r\n".Length, w.ContentOctets + w.DotsStuffed + ".\r\n".Length);
        var digits = Math.Floor(Math.Log10(Math.Max(1, w.ContentOctets))) + 1;
        return (envelope + (w.Overlap ? "RSET\r\n".Length : 0), w.ContentOctets + "BDAT  LAST\r\n".Length + digits);
    }

    /// <summary>Recipients per chosen host: a greedy cover of the message's domains by first-choice hosts (exact for disjoint sets, within ln n otherwise).</summary>
    private static IEnumerable<int> FewestCopies(IdealWorkload w, int message)
    {
        var waiting = new Dictionary<int, int>();
        for (var k = 0; k < w.RecipientsPerMessage; k++)
        {
            var domain = (int)(((long)message * w.RecipientsPerMessage + k) % w.Domains);
            waiting[domain] = waiting.GetValueOrDefault(domain) + 1;
        }

        var perDomain = Math.Min(w.HostsPerDomain, w.MxHosts);
        while (waiting.Count > 0)
        {
            var gain = new int[w.MxHosts];
            foreach (var domain in waiting.Keys)
                for (var k = 0; k < perDomain; k++) gain[(domain + k) % w.MxHosts]++;
            var host = Array.IndexOf(gain, gain.Max());
            var reached = waiting.Keys.Where(domain => ((host - domain) % w.MxHosts + w.MxHosts) % w.MxHosts < perDomain).ToList();
            yield return reached.Sum(domain => waiting[domain]);
            foreach (var domain in reached) waiting.Remove(domain);
        }
    }

    private static int Gcd(int a, int b) => b == 0 ? a : Gcd(b, a % b);
}
