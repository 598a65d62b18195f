using System.Runtime.CompilerServices;
using System.Text;
using CsCheck;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Peers.Source.Workload;
using MailBench.Wire.Smtp;
using MimeKit;
using Xunit;

namespace MailBench.Unit.Peers.Source;

public sealed class CorpusTests
{
    // The reader of these tests, MimeKit, asks the process for ISO-2022-JP and remembers the answer; the source itself registers nothing.
    [ModuleInitializer]
    internal static void LetMimeKitReadJapanese() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    [Fact]
    public void Sized_mail_has_exactly_the_size_that_was_asked_for() =>
        Gen.Long[2, 9000].Sample(size =>
        {
            var content = Content(Corpus.Compose(new WorkloadOptions { Size = new ByteSize(size) })[3]);
            return content.Length == size && content.AsSpan().EndsWith("\r\n"u8) && Lines(content).All(line => line.Length <= 998);
        }, iter: 200);

    [Fact]
    public void Sized_mail_is_a_real_message_without_stuffed_dots()
    {
        var corpus = Corpus.Compose(new WorkloadOptions { Size = new ByteSize(4096) });
        Assert.Equal(64, corpus.Count);
        for (var i = 0; i < corpus.Count; i++)
        {
            var message = Parse(corpus[i]);
            Assert.Equal(0, corpus[i].DotsStuffed);
            Assert.Equal(4096, corpus[i].ContentOctets);
            Assert.Equal("text/plain", message.Body!.ContentType.MimeType);
            Assert.Equal("bench@lists.test", message.To.Mailboxes.Single().Address);
            Assert.True(message.Date.Year == 2026);
        }
    }

    [Fact]
    public void A_large_size_keeps_the_corpus_in_bounds() => Assert.Equal(2, Corpus.Compose(new WorkloadOptions { Size = ByteSize.Parse("32MiB") }).Count);

    [Theory]
    [InlineData("mailing-list", 64)]
    [InlineData("mobile", 64)]
    [InlineData("office", 16)]
    public void A_mix_is_the_same_octets_for_a_seed_and_others_for_another(string mix, int count)
    {
        var one = Corpus.Compose(new WorkloadOptions { Mix = mix, Seed = 5 });
        var same = Corpus.Compose(new WorkloadOptions { Mix = mix, Seed = 5 });
        var other = Corpus.Compose(new WorkloadOptions { Mix = mix, Seed = 6 });
        Assert.Equal(count, one.Count);
        for (var i = 0; i < count; i++) Assert.True(one[i].Octets.SequenceEqual(same[i].Octets), $"message {i} differs");
        Assert.False(one[0].Octets.SequenceEqual(other[0].Octets));
        Assert.True(one[count].Octets.SequenceEqual(one[0].Octets));
    }

    [Theory]
    [InlineData("mailing-list")]
    [InlineData("mobile")]
    [InlineData("office")]
    public void Mixes_have_real_structure_and_lines_that_smtp_allows(string mix)
    {
        var corpus = Corpus.Compose(new WorkloadOptions { Mix = mix, Suffix = "example" });
        var ids = new HashSet<string>();
        for (var i = 0; i < corpus.Count; i++)
        {
            var content = Content(corpus[i]);
            var message = Parse(corpus[i]);
            Assert.True(ids.Add(message.MessageId!));
            Assert.Equal(new Version(1, 0), message.MimeVersion);
            Assert.NotEmpty(message.From);
            Assert.False(string.IsNullOrEmpty(message.Subject));
            Assert.Equal("bench@lists.example", message.To.Mailboxes.Single().Address);
            Assert.Equal(BodyKind.SevenBit, corpus[i].Body);
            Assert.All(Lines(content), line => Assert.True(line.Length <= 998));
            Assert.Equal(0, content.Count(octet => octet == '\n') - Lines(content).Count(line => line.EndsWith('\r')));
        }
    }

    [Fact]
    public void The_mailing_list_has_its_shares_of_list_fields_and_japanese()
    {
        var messages = ParseAll("mailing-list");
        Assert.Equal(52, messages.Count(m => m.Headers.Contains("List-Post")));
        Assert.Equal(16, messages.Count(m => Charset(m) == "iso-2022-jp"));
        Assert.All(messages, m => Assert.InRange(((TextPart)m.Body!).Text.Length, 900, 6600));
        Assert.All(messages.Where(m => Charset(m) == "iso-2022-jp"), m => Assert.Contains("。", ((TextPart)m.Body!).Text));
        var corpus = Corpus.Compose(new WorkloadOptions { Mix = "mailing-list" });
        Assert.True(Enumerable.Range(0, corpus.Count).Sum(i => corpus[i].DotsStuffed) > 0);
    }

    [Fact]
    public void Japanese_is_iso_2022_jp_on_the_wire_and_reads_back()
    {
        var corpus = Corpus.Compose(new WorkloadOptions { Mix = "mobile" });
        var messages = ParseAll("mobile");
        Assert.Equal(48, messages.Count(m => Charset(m) == "iso-2022-jp"));
        for (var i = 0; i < corpus.Count; i++)
        {
            if (Charset(messages[i]) != "iso-2022-jp") continue;
            var text = Encoding.Latin1.GetString(Content(corpus[i]));
            Assert.Contains("\e$B", text);
            Assert.Contains("=?iso-2022-jp?", text);
            Assert.Contains("Content-Transfer-Encoding: 7bit", text);
            Assert.Matches("[\u3040-\u30ff\u4e00-\u9fff]", ((TextPart)messages[i].Body!).Text);
            Assert.Matches("[\u3040-\u30ff\u4e00-\u9fff]", messages[i].Subject);
            Assert.InRange(corpus[i].ContentOctets, 300, 1100);
        }
    }

    [Fact]
    public void Office_mail_has_alternatives_and_base64_attachments()
    {
        var messages = ParseAll("office");
        Assert.Equal(5, messages.Count(m => m.Body is MultipartAlternative));
        Assert.Equal(11, messages.Count(m => m.Attachments.Any()));
        Assert.Equal(3, messages.Count(m => m.Attachments.Count() == 2 && ((Multipart)m.Body!)[0] is MultipartAlternative));
        foreach (var part in messages.SelectMany(m => m.Attachments).Cast<MimePart>())
        {
            using var decoded = new MemoryStream();
            part.Content!.DecodeTo(decoded);
            Assert.Equal(ContentEncoding.Base64, part.ContentTransferEncoding);
            Assert.InRange(decoded.Length, 30 << 10, 300 << 10);
        }
    }

    [Theory]
    [InlineData(0, null, null, 1, 0)]
    [InlineData(null, "office-mail", null, 1, 0)]
    [InlineData(100, "office", null, 1, 0)]
    [InlineData(null, null, null, 1, 0)]
    [InlineData(100, null, null, 0, 0)]
    [InlineData(100, null, null, 5, 4)]
    [InlineData(null, null, "/nonexistent/mail", 1, 0)]
    public void Refuses_a_workload_that_cannot_be(int? size, string? mix, string? messages, int recipients, int users) =>
        Assert.Throws<WorkloadException>(() => Corpus.Compose(new WorkloadOptions
        {
            Size = size is { } octets ? new ByteSize(octets) : null,
            Mix = mix,
            Messages = messages,
            Recipients = recipients,
            Users = users,
        }));

    private static List<MimeMessage> ParseAll(string mix)
    {
        var corpus = Corpus.Compose(new WorkloadOptions { Mix = mix });
        return [.. Enumerable.Range(0, corpus.Count).Select(i => Parse(corpus[i]))];
    }

    private static MimeMessage Parse(WireMessage message) => MimeMessage.Load(new MemoryStream(Content(message)));

    private static string? Charset(MimeMessage message) => message.Body!.ContentType.Charset?.ToLowerInvariant();

    private static string[] Lines(byte[] content) => Encoding.Latin1.GetString(content).Split('\n')[..^1];

    private static byte[] Content(WireMessage message) => WireText.Unstuff(message);
}
