using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MailBench.EndToEnd.Mta;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>Real, ugly mail from a file of each kind through source, MTA and sink: it arrives octet for octet, or is refused with a reply that says why.</summary>
public sealed partial class UglyMailTests
{
    [Theory]
    [InlineData("mbox")]
    [InlineData("maildir")]
    [InlineData("folder of .eml")]
    public async Task Ugly_mail_arrives_octet_for_octet_or_is_refused(string kind)
    {
        await using var bench = NodeBench.Start(save: true);
        bench.StartMta();
        var path = Path.Combine(bench.Folder, "mail");
        Write(kind, path);

        var (code, output, error) = await NodeBench.RunAsync("source", "--to", $"{bench.MtaEndPoint}", "--sessions", "3", "--count", $"{UglyMail.All.Count}", "--messages", path, "--domains", "4", "--recipients", "2");
        Assert.True(code == 0, output + error);
        var counts = JsonNode.Parse(output)!;
        var refused = UglyMail.All.Count(mail => mail.Refusal is not null);
        Assert.Equal((UglyMail.All.Count - refused, refused, 0), ((int)counts["accepted"]!, (int)counts["refused"]!, (int)counts["failed"]!));
        Assert.Contains("554 5.6.0 Message refused: bare CR", error, StringComparison.Ordinal);
        await bench.DrainAsync();

        var arrived = new HashSet<(int, string)>();
        foreach (var saved in bench.SavedMessages())
        {
            var number = int.Parse(saved.ReversePath.Split('@')[0].Split('.')[^1], CultureInfo.InvariantCulture);
            var mail = UglyMail.All[number];
            var trace = Trace().Match(saved.Text);
            Assert.True(trace.Success, $"{mail.Name} begins with no trace header: {saved.Text[..Math.Min(200, saved.Text.Length)]}");
            Assert.True(mail.Wire == saved.Text[trace.Length..], $"{mail.Name} changed on its way");
            foreach (var recipient in saved.Recipients) Assert.True(arrived.Add((number, recipient)), $"{mail.Name} came twice to {recipient}");
        }

        foreach (var (mail, number) in UglyMail.All.Select((mail, number) => (mail, number)))
            Assert.True(arrived.Count(a => a.Item1 == number) == (mail.Refusal is null ? 2 : 0), $"{mail.Name} came to {arrived.Count(a => a.Item1 == number)} recipients");
    }

    [Fact]
    public async Task What_is_refused_is_refused_in_words_and_the_session_goes_on()
    {
        await using var bench = NodeBench.Start(save: true);
        bench.StartMta();
        using var client = await RawClient.GreetedAsync(bench.MtaEndPoint);
        foreach (var mail in UglyMail.All.Where(mail => mail.Refusal is not null))
        {
            var reply = await client.TransactAsync("a@source.test", mail.Wire, "u0@d0.test");
            Assert.StartsWith("554 5.6.0 Message refused: ", reply, StringComparison.Ordinal);
            Assert.Contains(mail.Refusal!, reply, StringComparison.Ordinal);
        }

        Assert.StartsWith("554 5.6.0 Message refused: bare LF", await client.TransactAsync("a@source.test", "Subject: bare LF\r\n\r\na\nb\r\n", "u0@d0.test"), StringComparison.Ordinal);
        Assert.StartsWith("250 ", await client.TransactAsync("a@source.test", UglyMail.All[0].Wire, "u0@d0.test"), StringComparison.Ordinal);
        await bench.DrainAsync();
        Assert.Single(bench.SavedMessages());
    }

    private static void Write(string kind, string path)
    {
        if (kind == "mbox")
        {
            File.WriteAllBytes(path, UglyMail.Mbox());
            return;
        }

        var folder = kind == "maildir" ? Path.Combine(path, "new") : path;
        Directory.CreateDirectory(folder);
        if (kind == "maildir") Directory.CreateDirectory(Path.Combine(path, "cur"));
        for (var i = 0; i < UglyMail.All.Count; i++)
        {
            // Folders of .eml come from Windows, too: every other file has CRLF, where that keeps what is ugly about it.
            var file = UglyMail.All[i].File;
            if (kind != "maildir" && i % 2 == 1 && !file.Contains('\r', StringComparison.Ordinal)) file = file.Replace("\n", "\r\n", StringComparison.Ordinal);
            File.WriteAllBytes(Path.Combine(folder, kind == "maildir" ? $"{1_767_600_000 + i}.M{i}P1.host" : $"{i:D2}.eml"), Encoding.Latin1.GetBytes(file));
        }
    }

    /// <summary>The one field that a relay prepends (RFC 5321 §4.4), as this MTA folds it.</summary>
    [GeneratedRegex(@"^Received: from source\.test \(\[127\.0\.0\.1\]\)\r\n\tby mta\.test with ESMTP id [0-9A-Z]+;\r\n\t[^\r\n]+ \+0000\r\n")]
    private static partial Regex Trace();
}
