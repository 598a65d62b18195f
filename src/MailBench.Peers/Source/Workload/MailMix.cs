using System.Text;
using MailBench.Model.Options;
using MimeKit;

namespace MailBench.Peers.Source.Workload;

/// <summary>
/// The synthetic mixes. Shares are in sixteenths of the corpus and exact; the order is shuffled by the seed. Sizes are octets of body text before any
/// transfer encoding (attachments: before base64, which adds 37 %).
/// <code>
/// mix           corpus  share  structure                                                       text          attachments
/// mailing-list  64      9      text/plain us-ascii, list fields                                2–6 KiB
///                       4      text/plain iso-2022-jp (Subject and From too), list fields      2–6 KiB
///                       3      text/plain us-ascii, a personal reply without list fields       2–6 KiB
/// mobile        64      12     text/plain iso-2022-jp                                          40–400 B
///                       4      text/plain us-ascii                                             30–300 B
/// office        16      5      multipart/alternative: text/plain + text/html quoted-printable  2–8 KiB
///                       8      multipart/mixed: text/plain + 1 attachment (base64)             1–4 KiB       30–200 KiB
///                       3      multipart/mixed: multipart/alternative + 2 attachments          1–4 KiB       100–300 KiB each
/// </code>
/// </summary>
internal static class MailMix
{
    public static readonly IReadOnlyList<string> Names = ["mailing-list", "mobile", "office"];

    private static readonly (string Name, string Type, string Subtype)[] Documents =
    [
        ("minutes.pdf", "application", "pdf"), ("budget.xlsx", "application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("photo.jpg", "image", "jpeg"), ("slides.pptx", "application", "vnd.openxmlformats-officedocument.presentationml.presentation"),
    ];

    public static IEnumerable<byte[]> Compose(string mix, WorkloadOptions options)
    {
        var composer = new Composer(options);
        Func<MimeMessage>[] kinds = mix switch
        {
            "mailing-list" => [.. Share(9, () => ListPost(composer)), .. Share(4, () => JapaneseListPost(composer)), .. Share(3, () => Reply(composer))],
            "mobile" => [.. Share(12, () => JapaneseNote(composer)), .. Share(4, () => Note(composer))],
            "office" => [.. Share(5, () => Letter(composer)), .. Share(8, () => WithAttachment(composer)), .. Share(3, () => LetterWithAttachments(composer))],
            _ => throw new WorkloadException($"'{mix}' is no mix; there are {string.Join(", ", Names)}."),
        };
        var corpus = mix == "office" ? kinds : [.. Enumerable.Repeat(kinds, 4).SelectMany(four => four)];
        composer.Random.Shuffle(corpus);
        return corpus.Select(compose => Composer.Octets(compose()));
    }

    private static IEnumerable<Func<MimeMessage>> Share(int sixteenths, Func<MimeMessage> compose) => Enumerable.Repeat(compose, sixteenths);

    private static MimeMessage ListPost(Composer composer)
    {
        var number = composer.Composed + 1;
        var message = composer.Begin($"[bench {number:00000}] {Prose.Subject(composer.Random)}", Encoding.ASCII);
        composer.AddListFields(message, number);
        message.Body = composer.Text("plain", Prose.Post(composer.Random, composer.Between(2048, 6144)), Encoding.ASCII, ContentEncoding.SevenBit);
        return message;
    }

    private static MimeMessage JapaneseListPost(Composer composer)
    {
        var number = composer.Composed + 1;
        var message = composer.Begin($"[bench {number:00000}] {Prose.JapaneseSubject(composer.Random)}", Composer.Iso2022Jp);
        composer.AddListFields(message, number);
        message.Body = composer.Text("plain", Prose.JapaneseText(composer.Random, composer.Between(2048, 6144)), Composer.Iso2022Jp, ContentEncoding.SevenBit);
        return message;
    }

    private static MimeMessage Reply(Composer composer)
    {
        var message = composer.Begin($"Re: {Prose.Subject(composer.Random)}", Encoding.ASCII);
        message.InReplyTo = $"{composer.Random.Next(1000)}.question@example.test";
        message.Body = composer.Text("plain", Prose.Post(composer.Random, composer.Between(2048, 6144)), Encoding.ASCII, ContentEncoding.SevenBit);
        return message;
    }

    private static MimeMessage JapaneseNote(Composer composer)
    {
        var message = composer.Begin(Prose.JapaneseSubject(composer.Random), Composer.Iso2022Jp);
        message.Body = composer.Text("plain", Prose.JapaneseText(composer.Random, composer.Between(40, 400)), Composer.Iso2022Jp, ContentEncoding.SevenBit);
        return message;
    }

    private static MimeMessage Note(Composer composer)
    {
        var message = composer.Begin(Prose.Subject(composer.Random), Encoding.ASCII);
        message.Body = composer.Text("plain", Prose.Text(composer.Random, composer.Between(30, 300)), Encoding.ASCII, ContentEncoding.SevenBit);
        return message;
    }

    private static MimeMessage Letter(Composer composer)
    {
        var message = composer.Begin(Prose.Subject(composer.Random), Encoding.ASCII);
        message.Body = Alternatives(composer, composer.Between(2048, 8192));
        return message;
    }

    private static MimeMessage WithAttachment(Composer composer)
    {
        var message = composer.Begin(Prose.Subject(composer.Random), Encoding.ASCII);
        var text = composer.Text("plain", Prose.Text(composer.Random, composer.Between(1024, 4096)), Encoding.ASCII, ContentEncoding.SevenBit);
        message.Body = composer.Bounded(new Multipart("mixed") { text, Attachment(composer, composer.Between(30 << 10, 200 << 10)) });
        return message;
    }

    private static MimeMessage LetterWithAttachments(Composer composer)
    {
        var message = composer.Begin(Prose.Subject(composer.Random), Encoding.ASCII);
        message.Body = composer.Bounded(new Multipart("mixed")
        {
            Alternatives(composer, composer.Between(1024, 4096)),
            Attachment(composer, composer.Between(100 << 10, 300 << 10)),
            Attachment(composer, composer.Between(100 << 10, 300 << 10)),
        });
        return message;
    }

    private static MultipartAlternative Alternatives(Composer composer, int characters)
    {
        var text = Prose.Text(composer.Random, characters);
        return composer.Bounded(new MultipartAlternative
        {
            composer.Text("plain", text, Encoding.ASCII, ContentEncoding.SevenBit),
            composer.Text("html", Prose.Html(text), Encoding.UTF8, ContentEncoding.QuotedPrintable),
        });
    }

    private static MimePart Attachment(Composer composer, int octets)
    {
        var (name, type, subtype) = Documents[composer.Random.Next(Documents.Length)];
        var content = new byte[octets];
        composer.Random.NextBytes(content);
        return new MimePart(type, subtype)
        {
            Content = new MimeContent(new MemoryStream(content)),
            ContentDisposition = new ContentDisposition(ContentDisposition.Attachment),
            ContentTransferEncoding = ContentEncoding.Base64,
            FileName = name,
        };
    }
}
