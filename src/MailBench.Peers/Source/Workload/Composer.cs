using System.Text;
using MailBench.Model.Options;
using MimeKit;

namespace MailBench.Peers.Source.Workload;

/// <summary>
/// What all synthetic messages share: header fields in order, a date that comes from the seed and not from a clock, MimeKit's own formatting with CRLF.
/// One composer makes one corpus, message after message, from one seeded sequence of draws.
/// </summary>
internal sealed class Composer(WorkloadOptions options)
{
    private static readonly DateTimeOffset Anchor = new(2026, 4, 1, 9, 0, 0, TimeSpan.FromHours(9));
    private static readonly FormatOptions Wire = WireFormat();

    /// <summary>Registered nowhere: the rest of the process keeps its encodings.</summary>
    public static readonly Encoding Iso2022Jp = CodePagesEncodingProvider.Instance.GetEncoding("iso-2022-jp")!;

    public Random Random { get; } = new(options.Seed);
    public int Composed { get; private set; }
    public string ListAddress => $"bench@lists.{options.Suffix}";

    /// <summary>An empty message: Date, From, Subject, Message-ID, To the list; the caller sets the body. MIME-Version follows with the body.</summary>
    public MimeMessage Begin(string subject, Encoding encoding)
    {
        var person = Prose.People[Random.Next(Prose.People.Length)];
        var message = new MimeMessage();
        message.Headers.Clear();
        message.Date = Anchor.AddSeconds(Math.Abs(options.Seed % 86_400L) + 61L * Composed);
        message.From.Add(new MailboxAddress(encoding, encoding == Iso2022Jp ? person.Japanese : person.Latin, $"{person.Local}@example.{options.Suffix}"));
        message.Headers.Replace(HeaderId.Subject, encoding, subject);
        message.MessageId = $"{Composed}.{Token()}@example.{options.Suffix}";
        message.To.Add(new MailboxAddress("", ListAddress));
        Composed++;
        return message;
    }

    /// <summary>What list software adds (RFC 2369, RFC 2919), in front of nothing that a reader would miss.</summary>
    public void AddListFields(MimeMessage message, int number)
    {
        var list = $"lists.{options.Suffix}";
        message.Headers.Add("List-Id", $"Benchmark discussion <bench.{list}>");
        message.Headers.Add("List-Post", $"<mailto:{ListAddress}>");
        message.Headers.Add("List-Help", $"<mailto:bench-request@{list}?subject=help>");
        message.Headers.Add("List-Unsubscribe", $"<mailto:bench-request@{list}?subject=unsubscribe>");
        message.Headers.Add("Precedence", "list");
        message.Headers.Add("X-Sequence", $"bench {number}");
    }

    public TextPart Text(string subtype, string text, Encoding encoding, ContentEncoding transfer)
    {
        var part = new TextPart(subtype) { ContentTransferEncoding = transfer };
        part.SetText(encoding, text);
        return part;
    }

    /// <summary>Boundaries come from the seed, else MimeKit would draw them.</summary>
    public T Bounded<T>(T multipart) where T : Multipart
    {
        multipart.Boundary = $"=_{Token()}{Token()}";
        return multipart;
    }

    public int Between(int least, int most) => Random.Next(least, most + 1);

    public static byte[] Octets(MimeMessage message)
    {
        using var stream = new MemoryStream();
        message.WriteTo(Wire, stream);
        return stream.ToArray();
    }

    private string Token() => Random.NextInt64(1L << 40).ToString("x10", System.Globalization.CultureInfo.InvariantCulture);

    private static FormatOptions WireFormat()
    {
        var format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        format.EnsureNewLine = true;
        return format;
    }
}
