using System.Globalization;
using System.Net;
using MailBench.Model.Options;
using MailBench.Peers.Mailbox;
using MailBench.Testing.Imap;
using Xunit;

namespace MailBench.EndToEnd.Mailbox;

/// <summary>Dovecot and our server read each other's maildirs, and say the same of the same messages.</summary>
public sealed class DovecotTests : IDisposable
{
    private const string Plain = "Subject: plain\r\nFrom: a@b.test\r\n\r\nbody\r\nof two lines\r\n";
    private const string Nested = "From: \"Q, z\" <a@b.test>\r\nTo: G: x@y.test, q@y.test;, z@y.test\r\nSubject: nested\r\nMessage-ID: <1@x>\r\nDate: Mon, 5 Jan 2026 10:00:00 +0000\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npre\r\n--b\r\n"
        + "Content-Type: text/plain; charset=utf-8; format=flowed\r\nContent-Transfer-Encoding: 8bit\r\nContent-ID: <c1>\r\n\r\nline1\r\nline2\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\nFrom: i@x.test\r\nContent-Type: text/plain\r\n\r\ninner\r\nx\r\n"
        + "--b\r\nContent-Type: application/pdf; name=\"a b.pdf\"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"a b.pdf\"\r\nContent-Description: a thing\r\n\r\nAAAA\r\n--b\r\n\r\nno header\r\n--b--\r\nepilogue\r\n";

    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-dovecot-").FullName;

    private string Store => Path.Combine(_folder, "store");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_maildir_that_dovecot_wrote_is_served_by_us_and_the_reverse()
    {
        if (DovecotServer.WhyNot() is { } reason) Assert.Skip(reason);
        Directory.CreateDirectory(Store);
        await using (var dovecot = await DovecotServer.StartAsync(_folder, Store))
        {
            using var client = ImapDialogue.Login(dovecot.Imap, "user0");
            client.Ok("CREATE Entw&APw-rfe.2026");
            Append(client, "INBOX", Plain, "(\\Seen \\Flagged) ");
            Append(client, "INBOX", Nested, "");
            Append(client, "Entw&APw-rfe.2026", Plain, "(\\Draft $Label) \"17-Jul-1996 02:44:25 -0700\" ");
        }

        await using (var own = await OwnAsync())
        {
            using var client = ImapDialogue.Login(own.Imap, "user0", "INBOX");
            Assert.Equal(Lines(1, "\\Flagged \\Seen", Plain), client.Ok("FETCH 1 (FLAGS BODY.PEEK[])")[0]);
            Assert.EndsWith(Nested + ")", client.Ok("FETCH 2 (BODY.PEEK[])")[0], StringComparison.Ordinal);
            client.Ok("STORE 2 +FLAGS (\\Answered)");
            Append(client, "INBOX", Plain, "(\\Deleted) ");
            client.Ok("SELECT Entw&APw-rfe.2026");
            Assert.Equal("* 1 FETCH (FLAGS (\\Draft) INTERNALDATE \"17-Jul-1996 09:44:25 +0000\" RFC822.SIZE " + Plain.Length.ToString(CultureInfo.InvariantCulture) + ")", client.Ok("FETCH 1 FAST")[0].Replace("\\Recent", "", StringComparison.Ordinal).Replace(" )", ")", StringComparison.Ordinal));
            client.Ok("STORE 1 +FLAGS (\\Seen)");
            client.Ok("CREATE Ours");
            client.Ok("COPY 1 Ours");
        }

        await using (var dovecot = await DovecotServer.StartAsync(_folder, Store))
        {
            using var client = ImapDialogue.Login(dovecot.Imap, "user0", "INBOX");
            Assert.Equal(["\\Flagged \\Seen", "\\Answered", "\\Deleted"], client.Ok("FETCH 1:* FLAGS").Select(FlagsOf));
            Assert.EndsWith(Plain + ")", client.Ok("FETCH 3 (BODY.PEEK[])")[0], StringComparison.Ordinal);
            client.Ok("SELECT Entw&APw-rfe.2026");

            // The keyword is Dovecot's, and our change of flags has kept it.
            Assert.Contains("$Label", client.Ok("FETCH 1 FLAGS")[0], StringComparison.Ordinal);
            client.Ok("SELECT Ours");
            Assert.EndsWith(Plain + ")", client.Ok("FETCH 1 (BODY.PEEK[])")[0], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Structures_sizes_and_sections_are_what_dovecot_says_they_are()
    {
        if (DovecotServer.WhyNot() is { } reason) Assert.Skip(reason);
        await using var dovecot = await DovecotServer.StartAsync(_folder, Store);
        await using var own = await OwnAsync();
        using var theirs = ImapDialogue.Login(dovecot.Imap, "user1");
        using var ours = ImapDialogue.Login(own.Imap, "user0");
        foreach (var client in (ImapDialogue[])[theirs, ours])
        {
            Append(client, "INBOX", Plain, "");
            Append(client, "INBOX", Nested, "");
            client.Ok("SELECT INBOX");
        }

        foreach (var item in (string[])["ENVELOPE", "BODY", "BODYSTRUCTURE", "RFC822.SIZE", "BODY.PEEK[HEADER]", "BODY.PEEK[TEXT]", "BODY.PEEK[1]", "BODY.PEEK[1.MIME]", "BODY.PEEK[]<10.20>", "BODY.PEEK[]<9999.20>", "BODY.PEEK[HEADER.FIELDS (SUBJECT TO)]", "BODY.PEEK[HEADER.FIELDS.NOT (SUBJECT TO)]"])
            Assert.Equal(theirs.Ok($"FETCH 1:2 {item}"), ours.Ok($"FETCH 1:2 {item}"));
        foreach (var part in (string[])["2", "2.HEADER", "2.TEXT", "2.MIME", "2.1", "2.1.MIME", "2.HEADER.FIELDS (FROM)", "3", "3.MIME", "4", "4.MIME"])
            Assert.Equal(theirs.Ok($"FETCH 2 BODY.PEEK[{part}]"), ours.Ok($"FETCH 2 BODY.PEEK[{part}]"));
    }

    private static void Append(ImapDialogue client, string mailbox, string content, string arguments) => Assert.StartsWith("OK", client.Append(mailbox, content, arguments)[^1], StringComparison.Ordinal);

    private static string Lines(int number, string flags, string content) => string.Create(CultureInfo.InvariantCulture, $"* {number} FETCH (FLAGS ({flags}) BODY[] {{{content.Length}}}\r\n{content})");

    /// <summary>In one order, without \Recent, which servers give as they like.</summary>
    private static string FlagsOf(string line)
    {
        var flags = line[(line.LastIndexOf('(') + 1)..line.IndexOf(')', StringComparison.Ordinal)];
        return string.Join(' ', flags.Split(' ').Where(static flag => flag != "\\Recent").Order(StringComparer.Ordinal));
    }

    private async Task<OwnServer> OwnAsync()
    {
        var node = new MailboxNode(new MailboxOptions { Imap = [AnyPort], StoreDirectory = Store, Users = 2, RefusalDelay = TimeSpan.Zero }, TimeProvider.System);
        return new OwnServer(node, (await node.StartAsync(default))[0].EndPoint);
    }

    private sealed record OwnServer(MailboxNode Node, IPEndPoint Imap) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Node.DisposeAsync();
    }
}
