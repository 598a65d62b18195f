using System.Globalization;
using System.Net;
using System.Text;
using MailBench.Model.Options;
using MailBench.Peers.Mailbox;
using MailBench.Testing.Processes;
using MailBench.Testing.Smtp;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;
using MailKit.Security;
using MimeKit;
using Xunit;

namespace MailBench.EndToEnd.Mailbox;

/// <summary>Clients that are not ours use the mailbox server over IMAP: MailKit for all it can do, curl.</summary>
public sealed class ForeignImapTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-imap-").FullName;
    private MailboxNode? _node;
    private IPEndPoint _imap = AnyPort;
    private IPEndPoint _smtp = AnyPort;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _node = new MailboxNode(new MailboxOptions { Imap = [AnyPort], Smtp = [AnyPort], StoreDirectory = Path.Combine(_folder, "store"), Users = 3, RefusalDelay = TimeSpan.Zero }, TimeProvider.System);
        var ready = await _node.StartAsync(default);
        (_imap, _smtp) = (ready.First(static one => one.Role == "imap").EndPoint, ready.First(static one => one.Role == "smtp").EndPoint);
    }

    public async ValueTask DisposeAsync()
    {
        await _node!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task MailKit_fetches_stores_searches_and_expunges(bool sasl)
    {
        for (var i = 0; i < 5; i++) Deliver(1, $"Subject: number {i}\r\nFrom: a@b.test\r\n\r\n.dots\r\n..two\r\nend\r\n");
        using var client = await ConnectAsync();
        if (sasl) await client.AuthenticateAsync(new SaslMechanismPlain("user1", "user1"), Cancel);
        else await client.AuthenticateAsync(Encoding.UTF8, "user1", "user1", Cancel);
        var inbox = client.Inbox!;
        await inbox.OpenAsync(FolderAccess.ReadWrite, Cancel);
        Assert.Equal(5, inbox.Count);
        var summaries = await inbox.FetchAsync(0, -1, MessageSummaryItems.All | MessageSummaryItems.UniqueId | MessageSummaryItems.BodyStructure, Cancel);
        Assert.Equal(["number 0", "number 1", "number 2", "number 3", "number 4"], summaries.Select(static one => one.Envelope!.Subject));
        for (var i = 0; i < 5; i++)
        {
            var message = await inbox.GetMessageAsync(summaries[i].UniqueId, Cancel);
            Assert.Equal(".dots\n..two\nend", message.TextBody!.ReplaceLineEndings("\n").TrimEnd());
            using var raw = await inbox.GetStreamAsync(summaries[i].UniqueId, Cancel);
            Assert.Equal((long)summaries[i].Size!.Value, raw.Length);
        }

        Assert.Equal([summaries[3].UniqueId], await inbox.SearchAsync(SearchQuery.SubjectContains("NUMBER 3"), Cancel));
        await inbox.AddFlagsAsync([summaries[0].UniqueId, summaries[2].UniqueId], MessageFlags.Deleted, silent: false, Cancel);
        Assert.Equal(2, (await inbox.SearchAsync(SearchQuery.Deleted, Cancel)).Count);
        await inbox.ExpungeAsync([summaries[0].UniqueId], Cancel);
        Assert.Equal(4, inbox.Count);
        await inbox.ExpungeAsync(Cancel);
        Assert.Equal(3, inbox.Count);
        await client.DisconnectAsync(quit: true, Cancel);
    }

    [Fact]
    public async Task MailKit_makes_folders_appends_copies_and_moves()
    {
        using var client = await ConnectAsync();
        await client.AuthenticateAsync(Encoding.UTF8, "user2", "user2", Cancel);
        var root = client.GetFolder(client.PersonalNamespaces[0]);
        var drafts = (await root.CreateAsync("Entw\u00fcrfe & mehr", isMessageFolder: true, Cancel))!;
        var message = new MimeMessage([new MailboxAddress("J\u00fcrgen", "j@x.test")], [new MailboxAddress("", "k@x.test")], "Gr\u00fc\u00dfe", new BodyBuilder { TextBody = "eins", HtmlBody = "<p>zwei", Attachments = { { "a.bin", new byte[50_000] } } }.ToMessageBody());
        var uid = await drafts.AppendAsync(new AppendRequest(message, MessageFlags.Seen | MessageFlags.Draft, new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(1))), Cancel);
        await drafts.OpenAsync(FolderAccess.ReadWrite, Cancel);
        var summary = (await drafts.FetchAsync([uid!.Value], MessageSummaryItems.Full | MessageSummaryItems.UniqueId | MessageSummaryItems.BodyStructure, Cancel)).Single();
        Assert.Equal(("Gr\u00fc\u00dfe", "J\u00fcrgen"), (summary.Envelope!.Subject, summary.Envelope.From[0].Name));
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 2, 4, 5, TimeSpan.Zero), summary.InternalDate);
        Assert.Equal(MessageFlags.Seen | MessageFlags.Draft, summary.Flags);
        Assert.Equal("a.bin", Assert.Single(summary.Attachments).FileName);
        var attachment = (MimePart)await drafts.GetBodyPartAsync(uid.Value, summary.Attachments.Single(), Cancel);
        using var content = new MemoryStream();
        await attachment.Content!.DecodeToAsync(content, Cancel);
        Assert.Equal(50_000, content.Length);
        Assert.Equal("eins", ((TextPart)await drafts.GetBodyPartAsync(uid.Value, summary.TextBody!, Cancel)).Text.TrimEnd());
        Assert.NotNull(await drafts.CopyToAsync(uid.Value, client.Inbox!, Cancel));
        Assert.NotNull(await drafts.MoveToAsync(uid.Value, client.Inbox!, Cancel));
        Assert.Equal(0, drafts.Count);
        await client.Inbox!.StatusAsync(StatusItems.Count | StatusItems.Unread, Cancel);
        Assert.Equal((2, 0), (client.Inbox.Count, client.Inbox.Unread));
        await drafts.CloseAsync(expunge: true, Cancel);
        await drafts.DeleteAsync(Cancel);
        Assert.Empty(await root.GetSubfoldersAsync(subscribedOnly: false, Cancel) is var folders ? folders.Where(static one => one.Name != "INBOX") : []);
    }

    [Fact]
    public async Task MailKit_asks_for_the_least_the_largest_and_the_count_alone()
    {
        for (var i = 0; i < 6; i++) Deliver(1, $"Subject: {(i % 5 == 0 ? "other" : "wanted")} {i}\r\n\r\nx\r\n");
        using var client = await ConnectAsync();
        await client.AuthenticateAsync(Encoding.UTF8, "user1", "user1", Cancel);
        Assert.True(client.Capabilities.HasFlag(ImapCapabilities.ESearch | ImapCapabilities.StatusSize));
        var inbox = client.Inbox!;
        await inbox.OpenAsync(FolderAccess.ReadOnly, Cancel);
        var found = await inbox.SearchAsync(SearchOptions.All | SearchOptions.Count | SearchOptions.Min | SearchOptions.Max, SearchQuery.SubjectContains("wanted"), Cancel);
        Assert.Equal((4, 2u, 5u), (found.Count, found.Min!.Value.Id, found.Max!.Value.Id));
        Assert.Equal([2u, 3, 4, 5], found.UniqueIds.Select(static uid => uid.Id));
        var none = await inbox.SearchAsync(SearchOptions.Count | SearchOptions.Min, SearchQuery.SubjectContains("nothing"), Cancel);
        Assert.Equal((0, null), (none.Count, none.Min));
        Assert.Equal([1u, 6], (await inbox.SearchAsync(SearchQuery.SubjectContains("other"), Cancel)).Select(static uid => uid.Id));
        await inbox.StatusAsync(StatusItems.Size, Cancel);
        Assert.True(inbox.Size > 0);
    }

    [Fact]
    public async Task MailKit_finds_what_changed_since_it_looked_and_stores_only_what_did_not()
    {
        for (var i = 0; i < 4; i++) Deliver(0, $"Subject: {i}\r\n\r\nx\r\n");
        using var reader = await ConnectAsync();
        await reader.AuthenticateAsync(Encoding.UTF8, "user0", "user0", Cancel);
        Assert.True(reader.Capabilities.HasFlag(ImapCapabilities.CondStore));
        var mine = reader.Inbox!;
        await mine.OpenAsync(FolderAccess.ReadWrite, Cancel);
        Assert.True(mine.Supports(FolderFeature.ModSequences));
        var looked = mine.HighestModSeq;
        using var other = await ConnectAsync();
        await other.AuthenticateAsync(Encoding.UTF8, "user0", "user0", Cancel);
        await other.Inbox!.OpenAsync(FolderAccess.ReadWrite, Cancel);
        var uids = await other.Inbox.SearchAsync(SearchQuery.All, Cancel);
        await other.Inbox.AddFlagsAsync(uids[1], MessageFlags.Flagged, silent: true, Cancel);
        Deliver(0, "Subject: later\r\n\r\nx\r\n");

        // The reader is told of the change, by its number, as soon as it says anything.
        var told = new List<(uint, ulong?)>();
        mine.MessageFlagsChanged += (_, change) => told.Add((change.UniqueId!.Value.Id, change.ModSeq));
        await reader.NoOpAsync(Cancel);
        Assert.Equal(uids[1].Id, Assert.Single(told).Item1);
        Assert.True(told[0].Item2 > looked);
        var changed = await mine.FetchAsync(0, -1, new FetchRequest(MessageSummaryItems.UniqueId | MessageSummaryItems.Flags | MessageSummaryItems.ModSeq) { ChangedSince = looked }, Cancel);
        Assert.Equal([uids[1].Id, uids[3].Id + 1], changed.Select(static one => one.UniqueId.Id));
        Assert.All(changed, one => Assert.True(one.ModSeq > looked));
        var refused = await mine.StoreAsync(uids, new StoreFlagsRequest(StoreAction.Add, MessageFlags.Seen) { UnchangedSince = looked, Silent = true }, Cancel);
        Assert.Equal([uids[1]], refused);
        Assert.Equal([uids[0], uids[2], uids[3]], await mine.SearchAsync(SearchQuery.Seen, Cancel));
        Assert.Equal(2, (await mine.SearchAsync(SearchOptions.Count, SearchQuery.ChangedSince(looked).And(SearchQuery.NotSeen), Cancel)).Count);
        await mine.StatusAsync(StatusItems.HighestModSeq, Cancel);
        Assert.True(mine.HighestModSeq > looked);
    }

    [Fact]
    public async Task MailKit_hears_of_a_delivery_in_idle()
    {
        using var client = await ConnectAsync();
        await client.AuthenticateAsync(Encoding.UTF8, "user0", "user0", Cancel);
        await client.Inbox!.OpenAsync(FolderAccess.ReadOnly, Cancel);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        done.CancelAfter(Patience);
        client.Inbox.CountChanged += (_, _) => done.Cancel();
        var idle = client.IdleAsync(done.Token, Cancel);
        Deliver(0, "Subject: news\r\n\r\nx\r\n");
        await idle;
        Assert.Equal(1, client.Inbox.Count);
        Assert.Equal("news", (await client.Inbox.GetMessageAsync(0, Cancel)).Subject);
    }

    [Fact]
    public async Task Curl_lists_fetches_and_appends()
    {
        if (ForeignProgram.Find("curl") is not { } curl)
        {
            Assert.Skip("curl is not installed: apt-get install curl");
            return;
        }

        const string message = "Subject: by curl\r\n\r\nline\r\n";
        var file = Path.Combine(_folder, "message");
        await File.WriteAllTextAsync(file, message, Cancel);
        Assert.Contains("INBOX", await AskAsync(curl, ""), StringComparison.Ordinal);
        await AskAsync(curl, "INBOX", "-T", file);
        Assert.Equal(message, await AskAsync(curl, "INBOX;MAILINDEX=1"));
        Assert.Equal("Subject: by curl\r\n\r\n", await AskAsync(curl, "INBOX;UID=1;SECTION=HEADER"));
        Assert.Equal("* SEARCH 1\r\n", await AskAsync(curl, "INBOX?SUBJECT%20curl"));
        Assert.Contains("FLAGS (\\Deleted", await AskAsync(curl, "INBOX", "-X", "STORE 1 +FLAGS \\Deleted"), StringComparison.Ordinal);
        Assert.Contains("* 1 EXPUNGE", await AskAsync(curl, "INBOX", "-X", "EXPUNGE"), StringComparison.Ordinal);
    }

    private async Task<string> AskAsync(ForeignProgram curl, string path, params string[] arguments)
    {
        var (code, output, error) = await curl.RunAsync(Patience, ["-s", "-S", "--user", "user1:user1", $"imap://{_imap}/{path}", .. arguments]);
        Assert.True(code == 0, $"{path}: {error}");
        return output;
    }

    private async Task<ImapClient> ConnectAsync()
    {
        var client = new ImapClient();
        await client.ConnectAsync(_imap.Address.ToString(), _imap.Port, SecureSocketOptions.None, Cancel);
        return client;
    }

    private void Deliver(int user, string content)
    {
        using var client = SmtpDialogue.Greet(_smtp);
        Assert.Equal("250 2.0.0 Stored", client.Transact("a@b.test", [$"user{user.ToString(CultureInfo.InvariantCulture)}@mail.test"], content.Replace("\r\n.", "\r\n..", StringComparison.Ordinal)));
    }
}
