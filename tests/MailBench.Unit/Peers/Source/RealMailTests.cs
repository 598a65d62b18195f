using System.Text;
using MailBench.Model.Options;
using MailBench.Peers.Source.Workload;
using MailBench.Wire.Smtp;
using Xunit;

namespace MailBench.Unit.Peers.Source;

public sealed class RealMailTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-mail-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void An_mbox_is_split_at_from_lines_after_empty_lines_and_unescaped()
    {
        var messages = Mbox("From a@b Tue Apr  1 09:00:00 2026\nSubject: one\n\n>From here\n>>From there\nFrom the middle\n> From afar\n\nFrom c@d Tue Apr  1 09:00:01 2026\nSubject: two\n\n.dot\n\n\n");
        Assert.Equal(["Subject: one\r\n\r\nFrom here\r\n>From there\r\nFrom the middle\r\n> From afar\r\n", "Subject: two\r\n\r\n.dot\r\n\r\n"], messages);
    }

    [Fact]
    public void Ugly_mail_keeps_every_octet_but_line_ends()
    {
        var longLine = new string('x', 998) + "\n" + new string('y', 5000);
        var ugly = $"Subject: \u00e9\u00ff\n\n.\n..\nbare\rcr\0nul\n\u0080\n{longLine}";
        var messages = Mbox("From x Tue Apr  1 09:00:00 2026\n" + ugly);
        Assert.Equal(ugly.Replace("\n", "\r\n") + "\r\n", Assert.Single(messages));
    }

    [Fact]
    public void An_mbox_with_crlf_line_ends_is_read_alike()
    {
        var messages = Mbox("From a Tue Apr  1 09:00:00 2026\r\nA: 1\r\n\r\nx\r\n\r\nFrom b Tue Apr  1 09:00:00 2026\r\nB: 2\r\n\r\ny\r\n\r\n");
        Assert.Equal(["A: 1\r\n\r\nx\r\n", "B: 2\r\n\r\ny\r\n"], messages);
    }

    [Fact]
    public void Body_is_8bitmime_when_an_octet_is_above_127_and_dots_are_stuffed_once()
    {
        var message = WireMessage.Of(Encoding.Latin1.GetBytes("A: b\r\n\r\n.\u00e9\r\n"));
        Assert.Equal(BodyKind.EightBitMime, message.Body);
        Assert.Equal(1, message.DotsStuffed);
        Assert.Equal("A: b\r\n\r\n..\u00e9\r\n.\r\n", Encoding.Latin1.GetString(message.Octets));
        Assert.Equal(BodyKind.SevenBit, WireMessage.Of("A: b\r\n"u8).Body);
    }

    [Fact]
    public void A_maildir_gives_cur_and_new_but_not_tmp()
    {
        Write("cur/2.a:2,S", "Two: 2\n\nb\n");
        Write("new/1.a", "One: 1\n\n>From stays\n");
        Write("new/.hidden", "no");
        Write("tmp/3.a", "Three: 3\n");
        Assert.Equal(["Two: 2\r\n\r\nb\r\n", "One: 1\r\n\r\n>From stays\r\n"], Read(_folder));
    }

    [Fact]
    public void A_folder_gives_its_eml_files_in_order_of_names()
    {
        Write("b.eml", "B: 2\r\n\r\nno newline");
        Write("a.EML", "A: 1\n\n");
        Write("notes.txt", "no mail");
        Assert.Equal(["A: 1\r\n\r\n", "B: 2\r\n\r\nno newline\r\n"], Read(_folder));
    }

    [Fact]
    public void Says_what_is_wrong_with_a_path_that_holds_no_mail_or_too_much()
    {
        Write("plain.txt", "Subject: no mbox\n\n");
        Assert.Contains("no mbox", Assert.Throws<WorkloadException>(() => Read(Path.Combine(_folder, "plain.txt"))).Message);
        Assert.Contains("holds no mail", Assert.Throws<WorkloadException>(() => Read(_folder)).Message);
        Write("a.eml", new string('x', 2 << 20));
        Assert.Contains("more than 1MiB", Assert.Throws<WorkloadException>(() => RealMail.Read(_folder, 1 << 20)).Message);
    }

    private List<string> Mbox(string text)
    {
        Write("box", text);
        return Read(Path.Combine(_folder, "box"));
    }

    private static List<string> Read(string path)
    {
        var corpus = Corpus.Compose(new WorkloadOptions { Messages = path });
        return [.. Enumerable.Range(0, corpus.Count).Select(i => Encoding.Latin1.GetString(WireText.Unstuff(corpus[i])))];
    }

    private void Write(string name, string latin1)
    {
        var path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, Encoding.Latin1.GetBytes(latin1));
    }
}
