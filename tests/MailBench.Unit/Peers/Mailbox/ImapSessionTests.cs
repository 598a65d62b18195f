using MailBench.Testing.Imap;
using MailBench.Testing.Pop3;
using Xunit;

namespace MailBench.Unit.Peers.Mailbox;

[Collection(MemoryAloneCollection.Name)]
public sealed class ImapSessionTests
{
    private const string Content = "Subject: one\r\nFrom: \"A B\" <a@b.test>\r\nX-Long: a\r\n b\r\n\r\nline 1\r\nline 2\r\n";

    [Fact]
    public async Task A_mailbox_that_nobody_wrote_to_is_empty()
    {
        await using var rig = await MailboxRig.StartAsync();
        using var client = ImapDialogue.Login(rig.Imap, "user0");
        var lines = client.Ok("SELECT INBOX");
        Assert.Contains("* 0 EXISTS", lines);
        Assert.Contains(lines, static line => line.StartsWith("* OK [UIDNEXT 1]", StringComparison.Ordinal));
        Assert.Equal(["* SEARCH"], client.Ok("SEARCH ALL"));
        Assert.Empty(client.Ok("UID FETCH 1:* (FLAGS)"));
        Assert.Equal(["BAD no such message"], client.Ask("FETCH 1 (FLAGS)"));
        Assert.False(Directory.Exists(rig.Maildir(0)));
    }

    [Fact]
    public async Task What_was_delivered_is_fetched_octet_for_octet()
    {
        await using var rig = await MailboxRig.StartAsync();
        rig.Deliver(Content, 0);
        using var client = ImapDialogue.Login(rig.Imap, "user0");
        Assert.Contains("* 1 EXISTS", client.Ok("SELECT inbox"));
        var whole = client.Ok("UID FETCH 1 (RFC822.SIZE BODY.PEEK[])")[0];
        var body = whole[(whole.IndexOf('\n', StringComparison.Ordinal) + 1)..^1];
        Assert.EndsWith(Content, body, StringComparison.Ordinal);
        Assert.StartsWith($"* 1 FETCH (UID 1 RFC822.SIZE {body.Length} BODY[] {{{body.Length}}}", whole, StringComparison.Ordinal);
        Assert.Equal("* 1 FETCH (BODY[HEADER.FIELDS (X-LONG Subject)] {31}\r\nSubject: one\r\nX-Long: a\r\n b\r\n\r\n)", client.Ok("FETCH 1 BODY.PEEK[HEADER.FIELDS (X-LONG Subject)]")[0]);
        Assert.Equal("* 1 FETCH (BODY[TEXT]<5> {4}\r\n1\r\nl)", client.Ok("FETCH 1 BODY.PEEK[TEXT]<5.4>")[0]);
        Assert.Equal("* 1 FETCH (BODY[TEXT]<90> {0}\r\n)", client.Ok("FETCH 1 BODY.PEEK[TEXT]<90.4>")[0]);
        Assert.Equal("* 1 FETCH (BODY[1] {16}\r\nline 1\r\nline 2\r\n)", client.Ok("FETCH 1 BODY.PEEK[1]")[0]);
        Assert.Equal("* 1 FETCH (BODY[2] NIL)", client.Ok("FETCH 1 BODY.PEEK[2]")[0]);
        Assert.Equal("* 1 FETCH (FLAGS (\\Recent))", client.Ok("FETCH 1 FLAGS")[0]);
        Assert.Equal("* 1 FETCH (UID 1 FLAGS (\\Seen))", client.Ok("FETCH 1 BODY[TEXT]")[1]);
        Assert.EndsWith(":2,S", Assert.Single(rig.Files(0)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Uids_outlast_the_server_and_are_never_given_twice()
    {
        var folder = Directory.CreateTempSubdirectory("mailbench-uids-").FullName;
        string[] before, after;
        await using (var rig = await MailboxRig.StartAsync(options => options with { StoreDirectory = folder }))
        {
            for (var i = 0; i < 3; i++) rig.Deliver($"number {i}\r\n", 0);
            using var client = ImapDialogue.Login(rig.Imap, "user0");
            before = [.. client.Ok("SELECT INBOX")];
            client.Ok("STORE 1,3 +FLAGS (\\Deleted)");
            Assert.Equal(["* 1 EXPUNGE", "* 2 EXPUNGE"], client.Ok("EXPUNGE"));
        }

        await using (var rig = await MailboxRig.StartAsync(options => options with { StoreDirectory = folder }))
        {
            rig.Deliver("after\r\n", 0);
            using var client = ImapDialogue.Login(rig.Imap, "user0");
            after = [.. client.Ok("SELECT INBOX")];
            Assert.Equal(["* 1 FETCH (UID 2)", "* 2 FETCH (UID 4)"], client.Ok("FETCH 1:* UID"));
        }

        Assert.Equal(before.Single(static line => line.Contains("UIDVALIDITY")), after.Single(static line => line.Contains("UIDVALIDITY")));

        // After another boot the lines behind a reservation may have been lost: what was reserved is not given again.
        var file = Path.Combine(folder, "user0", "mailbench-uids");
        await File.WriteAllTextAsync(file, Rebooted(await File.ReadAllLinesAsync(file), lost: 4));
        await using (var rig = await MailboxRig.StartAsync(options => options with { StoreDirectory = folder }))
        {
            using var client = ImapDialogue.Login(rig.Imap, "user0", "INBOX");
            var uids = client.Ok("FETCH 1:* UID");
            Assert.Equal("* 1 FETCH (UID 2)", uids[0]);
            Assert.InRange(int.Parse(uids[1][15..^1]), 257, int.MaxValue);
        }

        Directory.Delete(folder, recursive: true);
    }

    /// <summary>The list of UIDs as it may be after a power cut: without the lines of a UID, and written in another boot.</summary>
    private static string Rebooted(IEnumerable<string> lines, int lost) =>
        string.Concat(lines.Where(line => !line.StartsWith($"{lost} ", StringComparison.Ordinal)).Select(static line => line.Split(" boot ")[0] + (line.Contains(" boot ", StringComparison.Ordinal) ? " boot another\n" : "\n")));

    [Fact]
    public async Task Two_sessions_on_one_mailbox_see_what_the_other_does()
    {
        await using var rig = await MailboxRig.StartAsync();
        for (var i = 0; i < 4; i++) rig.Deliver($"number {i}\r\n", 0);
        using var one = ImapDialogue.Login(rig.Imap, "user0", "INBOX");
        using var two = ImapDialogue.Login(rig.Imap, "user0", "INBOX");
        Assert.Equal(["* 2 FETCH (UID 2 FLAGS (\\Flagged))"], one.Ok("STORE 2 +FLAGS (\\Flagged)"));
        Assert.Empty(one.Ok("STORE 3 +FLAGS.SILENT (\\Deleted)"));
        Assert.Equal(["* 2 FETCH (UID 2 FLAGS (\\Flagged))", "* 3 FETCH (UID 3 FLAGS (\\Deleted))"], two.Ok("NOOP"));
        Assert.Equal(["* 3 EXPUNGE"], one.Ok("EXPUNGE"));

        // A number must not change behind FETCH: the other still has four messages, of which one is gone.
        Assert.Equal("* 4 FETCH (FLAGS (\\Recent))", two.Ok("FETCH 4 FLAGS")[0]);
        Assert.Equal(["NO some of the messages are there no more"], two.Ask("FETCH 3 BODY.PEEK[]"));
        rig.Deliver("more\r\n", 0);
        Assert.Equal(["* 3 EXPUNGE", "* 4 EXISTS", "* 2 RECENT"], Skip(two.Ok("NOOP"), "* 3 RECENT", "* 2 RECENT"));
        Assert.Equal(["* 4 EXISTS"], one.Ok("NOOP").Where(static line => line.EndsWith("EXISTS", StringComparison.Ordinal)));

        static IEnumerable<string> Skip(IReadOnlyList<string> lines, string from, string to) => lines.Select(line => line == from ? to : line);
    }

    [Fact]
    public async Task Idle_tells_of_deliveries_flags_and_removals_at_once()
    {
        await using var rig = await MailboxRig.StartAsync();
        rig.Deliver("first\r\n", 0);
        using var idle = ImapDialogue.Login(rig.Imap, "user0", "INBOX");
        idle.Send("i IDLE\r\n");
        Assert.Equal("+ idling", idle.Read());
        rig.Deliver("second\r\n", 0);
        Assert.Equal("* 2 EXISTS", idle.Read());
        Assert.Equal("* 2 RECENT", idle.Read());
        using var other = ImapDialogue.Login(rig.Imap, "user0", "INBOX");
        other.Ok("STORE 1 +FLAGS (\\Seen \\Deleted)");
        Assert.Equal("* 1 FETCH (UID 1 FLAGS (\\Deleted \\Seen))", idle.Read());
        other.Ok("EXPUNGE");
        Assert.Equal("* 1 EXPUNGE", idle.Read());
        using (var pop3 = Pop3Dialogue.Login(rig.Pop3, "user0"))
        {
            pop3.Say("DELE 1");
            pop3.Say("QUIT");
        }

        Assert.Equal("* 1 EXPUNGE", idle.Read());
        idle.Send("DONE\r\n");
        Assert.Equal("i OK idle no more", idle.Read());
    }

    [Fact]
    public async Task Nothing_is_removed_while_a_pop3_session_holds_the_maildrop()
    {
        await using var rig = await MailboxRig.StartAsync();
        rig.Deliver("kept\r\n", 0);
        using var pop3 = Pop3Dialogue.Login(rig.Pop3, "user0");
        using var client = ImapDialogue.Login(rig.Imap, "user0", "INBOX");
        client.Ok("STORE 1 +FLAGS (\\Deleted)");
        Assert.StartsWith("NO [INUSE]", client.Ask("EXPUNGE")[^1], StringComparison.Ordinal);
        Assert.StartsWith("NO [INUSE]", client.Ask("MOVE 1 INBOX")[^1], StringComparison.Ordinal);
        client.Ok("CLOSE");
        Assert.Equal("kept", pop3.Ask("RETR 1")[^1]);
        pop3.Say("QUIT");
        client.Ok("SELECT INBOX");
        Assert.Equal(["* 1 EXPUNGE"], client.Ok("EXPUNGE"));
        Assert.Empty(rig.Files(0));
    }

    [Fact]
    public async Task Append_copy_and_move_tell_the_uids_and_keep_flags_and_dates()
    {
        await using var rig = await MailboxRig.StartAsync();
        using var client = ImapDialogue.Login(rig.Imap, "user0");
        Assert.StartsWith("NO [TRYCREATE]", client.Append("Sent", Content)[^1], StringComparison.Ordinal);
        client.Ok("CREATE Sent");
        Assert.Matches("^OK \\[APPENDUID [0-9]+ 1\\] stored$", client.Append("Sent", Content, "(\\Seen \\Flagged $Label) \"17-Jul-1996 02:44:25 -0700\" ")[^1]);
        client.Ok("SELECT Sent");
        Assert.Equal("* 1 FETCH (FLAGS (\\Flagged \\Seen) INTERNALDATE \"17-Jul-1996 09:44:25 +0000\" RFC822.SIZE " + Content.Length + ")", client.Ok("FETCH 1 FAST")[0]);
        Assert.Matches("^OK \\[COPYUID [0-9]+ 1 1\\] copied$", client.Ask("COPY 1 INBOX")[^1]);
        var moved = client.Ask("UID MOVE 1 INBOX");
        Assert.Matches("^\\* OK \\[COPYUID [0-9]+ 1 2\\] moved$", moved[0]);
        Assert.Equal(["* 1 EXPUNGE", "OK done"], moved.Skip(1));
        client.Ok("SELECT INBOX");
        var both = client.Ok("FETCH 1:* (FLAGS BODY.PEEK[])");
        Assert.All(both, static line => Assert.Contains("FLAGS (\\Flagged \\Seen) BODY[] {72}\r\n" + Content, line.Replace($"{{{Content.Length}}}", "{72}", StringComparison.Ordinal), StringComparison.Ordinal));
        Assert.Equal(2, both.Count);
        Assert.Equal(["* STATUS Sent (MESSAGES 0 UIDNEXT 2 UNSEEN 0 SIZE 0)"], client.Ok("STATUS Sent (MESSAGES UIDNEXT UNSEEN SIZE)"));
    }

    [Fact]
    public async Task Folders_are_made_listed_renamed_subscribed_and_deleted()
    {
        await using var rig = await MailboxRig.StartAsync();
        using var client = ImapDialogue.Login(rig.Imap, "user0");
        client.Ok("CREATE Work.2026.May");
        client.Ok("CREATE \"Entw&APw-rfe\"");
        Assert.StartsWith("NO [ALREADYEXISTS]", client.Ask("CREATE Work.2026.May")[^1], StringComparison.Ordinal);
        Assert.Equal(["* LIST (\\HasNoChildren) \".\" Entw&APw-rfe", "* LIST (\\HasNoChildren) \".\" INBOX", "* LIST (\\Noselect \\HasChildren) \".\" Work"], client.Ok("LIST \"\" %"));
        Assert.Equal(["* LIST (\\HasNoChildren) \".\" Work.2026.May"], client.Ok("LIST Work. \"*May\""));
        client.Ok("RENAME Work.2026 Old");
        client.Ok("SUBSCRIBE Old.May");
        Assert.Equal(["* LSUB () \".\" Old.May"], client.Ok("LSUB \"\" *"));
        Assert.True(Directory.Exists(rig.Maildir(0, ".Old.May/cur")));
        using var other = ImapDialogue.Login(rig.Imap, "user0", "Old.May");
        client.Append("Old.May", Content);
        Assert.Contains("* 1 EXISTS", other.Ok("NOOP"));
        client.Ok("DELETE Old.May");
        Assert.Equal(["* 1 EXPUNGE"], other.Ok("NOOP"));
        Assert.Equal([rig.Maildir(0, ".Entw&APw-rfe")], Directory.GetDirectories(rig.Maildir(0), ".*"));
    }

    [Theory]
    [InlineData("../user1")]
    [InlineData("..")]
    [InlineData("/etc")]
    [InlineData("a/b")]
    [InlineData("a..b")]
    [InlineData(".a")]
    [InlineData("\"a\\\\b\"")]
    [InlineData("&AC8-etc")]
    [InlineData("&AC4ALg-")]
    [InlineData("&AGE-")]
    [InlineData("&broken")]
    [InlineData("{3}\r\na\0b")]
    [InlineData("\"\"")]
    [InlineData("a&AAo-b")]
    public async Task A_name_that_tries_to_be_a_path_or_is_no_utf7_names_no_mailbox(string name)
    {
        await using var rig = await MailboxRig.StartAsync();
        rig.Deliver("x\r\n", 0, 1);
        var before = Directory.GetFileSystemEntries(rig.Folder, "*", SearchOption.AllDirectories).Order().ToArray();
        using var client = ImapDialogue.Login(rig.Imap, "user0");
        foreach (var command in (string[])["CREATE {0}", "SELECT {0}", "DELETE {0}", "STATUS {0} (MESSAGES)", "SUBSCRIBE {0}", "RENAME {0} x", "RENAME INBOX {0}"])
        {
            var answer = client.Ask(command.Replace("{0}", name, StringComparison.Ordinal))[^1];
            Assert.True(answer.StartsWith("NO", StringComparison.Ordinal) || answer.StartsWith("BAD", StringComparison.Ordinal), answer);
        }

        Assert.Equal(before, Directory.GetFileSystemEntries(rig.Folder, "*", SearchOption.AllDirectories).Order());
    }

    [Fact]
    public async Task A_search_finds_by_flags_sizes_dates_headers_and_decoded_texts()
    {
        await using var rig = await MailboxRig.StartAsync();
        rig.Deliver("Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nDate: Mon, 5 Jan 2026 10:00:00 +0000\r\nTo: ann@x.test\r\nContent-Transfer-Encoding: base64\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSGFsbG8gV2VsdA==\r\n", 0);
        rig.Deliver("Subject: plain\r\nDate: Tue, 6 Jan 2026 10:00:00 +0000\r\n\r\nnothing here\r\n", 0);
        rig.Deliver("no header at all\r\n", 0);
        using var client = ImapDialogue.Login(rig.Imap, "user0", "INBOX");
        client.Ok("STORE 2 +FLAGS.SILENT (\\Seen)");
        foreach (var (keys, found) in (ReadOnlySpan<(string, string)>)
        [
            ("ALL", " 1 2 3"), ("SEEN", " 2"), ("UNSEEN", " 1 3"), ("NOT SEEN 2:3", " 3"), ("OR SEEN SUBJECT plain", " 2"), ("SUBJECT {6+}\r\ngr\u00c3\u00bc\u00c3\u0178".Replace("\u0178", "\u009f", StringComparison.Ordinal), " 1"),
            ("BODY \"hallo welt\"", " 1"), ("TEXT NOTHING", " 2"), ("TO ann", " 1"), ("HEADER Date \"\"", " 1 2"), ("SENTON 6-Jan-2026", " 2"), ("SENTSINCE 5-Jan-2026 SENTBEFORE 6-Jan-2026", " 1"),
            ("SINCE 1-Jan-2000", " 1 2 3"), ("BEFORE 1-Jan-2000", ""), ("LARGER 10000", ""), ("SMALLER 10000 UNSEEN", " 1 3"), ("KEYWORD $Junk", ""), ("UID 2:*", " 2 3"), ("(OR (SEEN 2) (UNSEEN 1))", " 1 2"),
            ("CHARSET UTF-8 TEXT header", " 3"),
        ])
            Assert.Equal($"* SEARCH{found}", client.Ok($"SEARCH {keys}")[0]);
        foreach (var (command, answer) in (ReadOnlySpan<(string, string)>)
        [
            ("SEARCH RETURN () ALL", " ALL 1:3"), ("SEARCH RETURN (MIN max COUNT) UNSEEN", " MIN 1 MAX 3 COUNT 2"), ("UID SEARCH RETURN (ALL) UNSEEN", " UID ALL 1,3"), ("SEARCH RETURN (MIN COUNT) LARGER 10000", " COUNT 0"), ("SEARCH RETURN (MIN) LARGER 10000", ""),
        ])
            Assert.EndsWith($"\"){answer}", client.Ok(command).Single(static line => line.StartsWith("* ESEARCH (TAG \"t", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal("BAD bad arguments", client.Ask("SEARCH RETURN (SAVE) ALL")[^1]);
        Assert.StartsWith("NO [BADCHARSET", client.Ask("SEARCH CHARSET KOI8-R TEXT x")[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_large_message_is_streamed_whole_and_in_parts_to_a_client_that_reads_slowly()
    {
        await using var rig = await MailboxRig.StartAsync();
        var line = new string('z', 70) + "\r\n";
        var content = "Subject: large\r\n\r\n" + string.Concat(Enumerable.Repeat(line, 40_000));
        using var client = ImapDialogue.Login(rig.Imap, "user0", "INBOX");
        Assert.StartsWith("OK", client.Append("INBOX", content)[^1], StringComparison.Ordinal);
        client.Send("a FETCH 1 (BODY.PEEK[] BODY.PEEK[TEXT]<72.5> BODY.PEEK[HEADER] BODY.PEEK[]<0.3>)\r\nb NOOP\r\n");
        var fetched = client.ReadTo("a")[^2];
        Assert.Equal($"* 1 FETCH (BODY[] {{{content.Length}}}\r\n{content} BODY[TEXT]<72> {{5}}\r\nzzzzz BODY[HEADER] {{18}}\r\nSubject: large\r\n\r\n BODY[]<0> {{3}}\r\nSub)", fetched);
        Assert.Equal(["OK done"], client.ReadTo("b"));
        Assert.Contains($" {content.Length - 18} 40000", client.Ok("FETCH 1 BODY")[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flood_of_pipelined_fetches_does_not_grow_the_servers_memory_and_others_are_served()
    {
        await using var rig = await MailboxRig.StartAsync();
        using var client = ImapDialogue.Login(rig.Imap, "user0", "INBOX");
        Assert.StartsWith("OK", client.Append("INBOX", "Subject: big\r\n\r\n" + string.Concat(Enumerable.Repeat(new string('z', 70) + "\r\n", 14_000)))[^1], StringComparison.Ordinal);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        client.Send(string.Concat(Enumerable.Repeat("f FETCH 1 (FLAGS BODY.PEEK[] BODY.PEEK[TEXT] ENVELOPE)\r\n", 1000)));
        using var other = ImapDialogue.Login(rig.Imap, "user1", "INBOX");
        for (var i = 0; i < 20; i++) other.Ok("NOOP");

        // The answers are two gigabytes; the server holds its high-water mark and a piece.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 32 << 20);
    }

    [Fact]
    public async Task Endless_lines_and_literals_end_their_sessions_and_nothing_else()
    {
        await using var rig = await MailboxRig.StartAsync();
        var line = new string('x', 1 << 20);
        foreach (var start in (string[])["a LOGIN user0 ", "a LOGIN {4096+}\r\n", "a AUTHENTICATE PLAIN\r\n"])
        {
            using var client = new ImapDialogue(rig.Imap);
            client.Send(start);
            var reset = Record.Exception(() =>
            {
                for (var i = 0; i < 100; i++) client.Send(line);
            });
            if (reset is null) Assert.Contains("* BYE", client.Read() + client.Read(), StringComparison.Ordinal);
            else Assert.IsType<IOException>(reset);
        }

        using (var client = ImapDialogue.Login(rig.Imap, "user0", "INBOX"))
        {
            client.Send("a APPEND INBOX {2000000000+}\r\n");
            Assert.Equal("* BYE the literal is too long", client.Read());
        }

        using var other = ImapDialogue.Login(rig.Imap, "user0", "INBOX");
        other.Ok("NOOP");
        Assert.Empty(rig.Files(0));
        Assert.Empty(rig.Complaints);
    }
}
