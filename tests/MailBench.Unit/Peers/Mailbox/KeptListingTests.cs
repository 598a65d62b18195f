using MailBench.Peers.Mailbox;
using MailBench.Peers.Mailbox.Store;
using MailBench.Testing.Pop3;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace MailBench.Unit.Peers.Mailbox;

/// <summary>What the loop answers by itself, from a kept listing and from the kernel's memory, is what a look at the disk would say; whatever other programs do.</summary>
public sealed class KeptListingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-kept-").FullName;
    private readonly Maildir _maildir;

    public KeptListingTests() => _maildir = new MaildirStore(_folder, UserTable.Generated(2), "mail.test", 0, TimeProvider.System).Of(0);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_kept_listing_holds_until_another_program_puts_moves_or_removes_a_message()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells what it has in memory.");
        Write("cur/1.a:2,", "one\n");
        Assert.Null(_maildir.ListAtOnce());
        foreach (var change in (Action[])[() => Write("new/2.b", "two\n"), () => Move("new/2.b", "cur/2.b:2,S"), () => Move("cur/2.b:2,S", "cur/2.b:2,RS"), () => File.Delete(At("cur/1.a:2,"))])
        {
            LeaveAlone();
            var listing = _maildir.List();
            Assert.Same(listing, _maildir.ListAtOnce());
            change();
            Assert.Null(_maildir.ListAtOnce());
            Assert.NotSame(listing, _maildir.List());
        }
    }

    [Fact]
    public void What_changed_just_now_is_not_kept()
    {
        Write("cur/1.a:2,", "one\n");
        var soon = new FakeTimeProvider(Directory.GetLastWriteTimeUtc(At("cur")).AddMilliseconds(500));
        var maildir = new MaildirStore(_folder, UserTable.Generated(2), "mail.test", 0, soon).Of(0);
        maildir.List();
        Assert.Null(maildir.ListAtOnce());
    }

    [Fact]
    public void A_maildir_that_is_not_there_is_kept_as_empty_until_it_is()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells what it has in memory.");
        Assert.Equal(0, _maildir.List().Count);
        Assert.Same(MaildirListing.Empty, _maildir.ListAtOnce());
        Write("cur/1.a:2,", "one\n");
        Assert.Null(_maildir.ListAtOnce());
    }

    [Fact]
    public void The_index_answers_at_once_until_the_mailbox_changes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells what it has in memory.");
        Write("cur/1.a:2,", "one\n");
        LeaveAlone();
        _maildir.Index.Look();
        Assert.NotNull(_maildir.Index.LookAtOnce());
        Write("cur/2.b:2,", "two\n");
        Assert.Null(_maildir.Index.LookAtOnce());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(99)]
    public void A_message_is_read_at_once_as_it_is_and_only_where_there_is_room_for_more(int octets)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells what it has in memory.");
        Write("cur/1.a:2,", new string('x', octets));
        var message = _maildir.List()[0];
        var into = new byte[octets + 1];
        Assert.Equal(octets, _maildir.ReadAtOnce(message, into));
        Assert.Equal(new string('x', octets), System.Text.Encoding.ASCII.GetString(into, 0, octets));
        Assert.Equal(-1, _maildir.ReadAtOnce(message, into.AsSpan(0, octets)));
        File.Delete(At("cur/1.a:2,"));
        Assert.Equal(-1, _maildir.ReadAtOnce(message, into));
    }

    [Fact]
    public void Times_are_those_that_the_disk_threads_compare_with()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells what it has in memory.");
        Write("cur/1.a:2,", "one\n");
        Directory.SetLastWriteTimeUtc(At("cur"), new DateTime(1969, 7, 20, 20, 17, 40, DateTimeKind.Utc).AddTicks(1234567));
        Assert.True(CachedFiles.TryTimes(Path.Combine(_folder, "user0"), out var ofNew, out var ofCur));
        Assert.Equal((Directory.GetLastWriteTimeUtc(At("new")), Directory.GetLastWriteTimeUtc(At("cur"))), (ofNew, ofCur));
    }

    [Fact]
    public async Task Sessions_behind_each_other_see_what_was_put_between_them()
    {
        await using var rig = await MailboxRig.StartAsync();
        rig.Deliver("one\r\n", 0);
        foreach (var part in (string[])["new", "cur"]) Directory.SetLastWriteTimeUtc(rig.Maildir(0, part), DateTime.UnixEpoch);
        for (var round = 0; round < 3; round++)
        {
            using var client = Pop3Dialogue.Login(rig.Pop3, "user0");
            Assert.StartsWith("+OK 1 ", client.Say("STAT"), StringComparison.Ordinal);
            Assert.Equal("one", client.Ask("RETR 1")[^1]);
            Assert.Equal("+OK", client.Say("RSET")[..3]);
            client.Say("QUIT");
        }

        File.WriteAllText(Path.Combine(rig.Maildir(0, "new"), "9.foreign"), "two\n");
        using var last = Pop3Dialogue.Login(rig.Pop3, "user0");
        Assert.StartsWith("+OK 2 ", last.Say("STAT"), StringComparison.Ordinal);
    }

    private string At(string name) => Path.Combine(_folder, "user0", name);

    private void Write(string name, string content)
    {
        foreach (var part in (string[])["tmp", "new", "cur"]) Directory.CreateDirectory(At(part));
        File.WriteAllText(At(name), content);
    }

    private void Move(string from, string to) => File.Move(At(from), At(to));

    private void LeaveAlone()
    {
        foreach (var part in (string[])["new", "cur"]) Directory.SetLastWriteTimeUtc(At(part), DateTime.UnixEpoch);
    }
}
