using System.Text;

namespace MailBench.Peers.Source.Workload;

/// <summary>Sentences that synthetic mail is made of, in English and Japanese, put together by a seeded generator. Lines end with CRLF.</summary>
internal static class Prose
{
    public static readonly (string Latin, string Japanese, string Local)[] People =
    [
        ("Hanako Yamada", "山田花子", "hanako"), ("Taro Sato", "佐藤太郎", "taro"), ("Ken Suzuki", "鈴木健", "ken"), ("Yuki Mori", "森由紀", "yuki"),
        ("Anna Weber", "アンナ", "anna"), ("Luis Ortega", "ルイス", "luis"), ("Mary Clark", "メアリー", "mary"), ("Jun Kimura", "木村淳", "jun"),
    ];

    private static readonly string[] Sentences =
    [
        "The queue was empty again before the morning rush began.", "Two of the five exchangers answered slowly, so the load moved to the others.",
        "We measured it twice and the line was full both times.", "Please look at the log of last night before you change the setting.",
        "A resend makes the crowd larger, and the crowd makes more resends.", "The disk was quiet while the link carried all it could.",
        "Nobody had told us how wide the link was, so the figure says little.", "With one connection per recipient the handshakes cost more than the mail.",
        "The name server gave both records in one answer.", "I will be at the office until six.", "The new machine is in the rack, but its second disk is not.",
        "Users who check every five minutes keep more sessions open than we had thought.", "Let us meet on Thursday and go through the results.",
        "The second exchanger kept what the first could not take.", "It is the same program on a faster store.", "Thank you for the quick answer.",
    ];

    private static readonly string[] Subjects =
    [
        "Results of last night", "Slow exchanger on the second link", "Meeting on Thursday", "How wide is the link?", "Queue directories",
        "New disk for the list server", "Resends at noon", "Polling interval of the students",
    ];

    private static readonly string[] JapaneseSentences =
    [
        "昨夜の測定結果を送ります。", "回線の帯域が書いていない数字には意味がありません。", "配送待ちのキューは朝までに空になりました。",
        "二番目のサーバーが受け取ってくれました。", "駅に着いたら電話します。", "今日は少し遅れます。", "添付ファイルは小さくしてください。",
        "同じ条件で比べないと公平とは言えません。", "名前の検索に時間がかかっています。", "再送が増えると混雑もひどくなります。",
        "ディスクの書き込みを待っていました。", "明日の会議は三時からです。", "了解しました。", "メールが届かないという連絡がありました。",
        "利用者が増えたので接続の数を見直します。", "ありがとうございました。",
    ];

    private static readonly string[] JapaneseSubjects =
    [
        "測定の結果", "明日の会議", "今どこ?", "回線について", "配送が遅い件", "了解", "サーバーの交換", "お知らせ",
    ];

    /// <summary>Words for filling a line to an exact length; none begins with a dot.</summary>
    public static readonly byte[][] AsciiWords =
        [.. Sentences.SelectMany(sentence => sentence.TrimEnd('.').ToLowerInvariant().Split(' ')).Distinct().Select(Encoding.ASCII.GetBytes)];

    public static string Subject(Random random) => Subjects[random.Next(Subjects.Length)];

    public static string JapaneseSubject(Random random) => JapaneseSubjects[random.Next(JapaneseSubjects.Length)];

    /// <summary>Paragraphs of sentences, at least <paramref name="characters"/> and at most a sentence more.</summary>
    public static string Text(Random random, int characters)
    {
        var text = new StringBuilder(characters + 128);
        for (var sentence = 1; text.Length < characters; sentence++)
            text.Append(Sentences[random.Next(Sentences.Length)]).Append(sentence % 5 == 0 ? "\r\n\r\n" : "\r\n");
        return Ended(text);
    }

    /// <summary>A list post: a quotation, text, a configuration line that begins with a dot (it will be stuffed), a signature.</summary>
    public static string Post(Random random, int characters)
    {
        const string signature = "-- \r\nmeasured, not guessed\r\n";
        const string aside = "What we changed on the list server:\r\n\r\n.maxcheck 512\r\n.batch on\r\n";
        var quoted = new StringBuilder("On Monday somebody wrote:\r\n");
        while (quoted.Length < characters / 4) quoted.Append("> ").Append(Sentences[random.Next(Sentences.Length)]).Append("\r\n");
        quoted.Append("\r\n");
        var withAside = random.Next(8) == 0;
        var body = Text(random, characters - quoted.Length - signature.Length - (withAside ? aside.Length + 2 : 0));
        return quoted + body + "\r\n" + (withAside ? aside + "\r\n" : "") + signature;
    }

    /// <summary>Japanese sentences, a line each; the size is in octets of ISO-2022-JP: two a character and six for the escape sequences of a line.</summary>
    public static string JapaneseText(Random random, int octets)
    {
        var text = new StringBuilder(octets / 2 + 64);
        var used = 0;
        for (var sentence = 1; used < octets; sentence++)
        {
            var line = JapaneseSentences[random.Next(JapaneseSentences.Length)];
            text.Append(line).Append(sentence % 6 == 0 ? "\r\n\r\n" : "\r\n");
            used += 2 * line.Length + 8;
        }

        return Ended(text);
    }

    /// <summary>The same text as a small page, with characters that quoted-printable must encode.</summary>
    public static string Html(string text)
    {
        var html = new StringBuilder("<!DOCTYPE html>\r\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Results</title></head><body>\r\n");
        foreach (var paragraph in text.Split("\r\n\r\n", StringSplitOptions.RemoveEmptyEntries))
            html.Append("<p style=\"margin: 0 0 1em\">").Append(paragraph.Replace("\r\n", " ", StringComparison.Ordinal).Trim()).Append(" – § 1</p>\r\n");
        return html.Append("</body></html>\r\n").ToString();
    }

    private static string Ended(StringBuilder text) => text.ToString().TrimEnd() + "\r\n";
}
