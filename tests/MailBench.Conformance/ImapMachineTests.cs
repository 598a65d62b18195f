using System.Buffers;
using System.Text;
using CsCheck;
using MailBench.Testing.Imap;
using MailBench.Testing.Smtp;
using MailBench.Wire.Imap;
using Xunit;

namespace MailBench.Conformance;

public sealed class ImapMachineTests
{
    private static readonly Gen<string> Names = Gen.OneOf(Gen.Const("INBOX"), Gen.Const("NIL"), Gen.Char[' ', '~'].Array[0, 12].Select(static signs => new string(signs)), Gen.Char['\u00a0', '\u00ff'].Array[1, 4].Select(static signs => new string(signs)));
    private static readonly Gen<uint> Numbers = Gen.OneOf(Gen.Const(ImapSet.Star), Gen.UInt[1, 20], Gen.UInt[1, uint.MaxValue]);
    private static readonly Gen<ImapSet> Sets = Gen.Select(Numbers, Numbers).Array[1, 5].Select(static ranges => new ImapSet(ranges));
    private static readonly Gen<ImapFlags> Flags = Gen.Byte.Select(static bits => (ImapFlags)bits & ImapFlags.Storable);
    private static readonly Gen<long> ModSeqs = Gen.OneOf(Gen.Long[0, 9], Gen.Const(long.MaxValue));
    private static readonly Gen<string> Fields = Any("Subject", "X-Mailer", "From", "List-Id");
    private static readonly Gen<int[]> Paths = Gen.Int[1, 9].Array[0, 3];

    private static readonly Gen<ImapSection> Sections = Gen.OneOf(
        Gen.Select(Paths, Any(SectionText.Whole, SectionText.Header, SectionText.Text)).Select(static (path, text) => new ImapSection(path, text, [])),
        Gen.Int[1, 9].Array[1, 3].Select(static path => new ImapSection(path, SectionText.Mime, [])),
        Gen.Select(Paths, Fields.Array[1, 3], Any(SectionText.HeaderFields, SectionText.HeaderFieldsNot)).Select(static (path, fields, text) => new ImapSection(path, text, fields)));

    private static readonly Gen<FetchItem> Items = Gen.OneOf(
        Any(FetchKind.Flags, FetchKind.Uid, FetchKind.ModSeq, FetchKind.InternalDate, FetchKind.Size, FetchKind.Envelope, FetchKind.BodyStructure, FetchKind.Body).Select(static kind => new FetchItem(kind)),
        Any(new FetchItem(FetchKind.Rfc822, ImapSection.Whole), new FetchItem(FetchKind.Rfc822Header, ImapSection.Header), new FetchItem(FetchKind.Rfc822Text, ImapSection.Body)),
        Gen.Select(Sections, Gen.Bool, Gen.Long[-1, 99], Gen.Long[1, 99]).Select(static (section, peek, offset, count) => new FetchItem(FetchKind.Section, section, peek, offset, offset < 0 ? 0 : count)));

    private static readonly Gen<SearchKey> Keys = Gen.Recursive<SearchKey>((depth, key) => depth > 3 ? Gen.Const(new SearchKey(SearchKind.All)) : Gen.OneOf(
        Gen.Const(new SearchKey(SearchKind.All)),
        Any(ImapFlags.Seen, ImapFlags.Deleted, ImapFlags.Recent).Select(static flag => new SearchKey(SearchKind.Flag) { Flag = flag }),
        Sets.Select(static set => new SearchKey(SearchKind.Numbers) { Set = set }),
        Sets.Select(static set => new SearchKey(SearchKind.Uids) { Set = set }),
        ModSeqs.Select(static modSeq => new SearchKey(SearchKind.ModSeq) { Number = modSeq }),
        Gen.Select(Any(SearchKind.Before, SearchKind.On, SearchKind.SentSince), Gen.Int[0, 30_000]).Select(static (kind, days) => new SearchKey(kind) { Date = new DateOnly(1970, 1, 1).AddDays(days) }),
        Gen.Select(Any(SearchKind.Larger, SearchKind.Smaller), Gen.UInt).Select(static (kind, size) => new SearchKey(kind) { Number = size }),
        Gen.Select(Fields, Names).Select(static (field, text) => new SearchKey(SearchKind.Header) { Name = field, Text = text }),
        Gen.Select(Any(SearchKind.Body, SearchKind.Text), Names).Select(static (kind, text) => new SearchKey(kind) { Text = text }),
        key.Select(static inner => new SearchKey(SearchKind.Not) { Keys = [inner] }),
        key.Array[2, 3].Select(static inner => new SearchKey(SearchKind.Or) { Keys = inner[..2] }),
        key.Array[2, 3].Select(static inner => new SearchKey(SearchKind.And) { Keys = inner })));

    private static readonly Gen<ImapCommand> Commands = Gen.OneOf(
        Any(ImapVerb.Noop, ImapVerb.Check, ImapVerb.Expunge).Select(static verb => New(verb)),
        Gen.Select(Any(ImapVerb.Create, ImapVerb.Delete, ImapVerb.Subscribe, ImapVerb.Unsubscribe), Names).Select(static (verb, name) => New(verb, mailbox: name)),
        Gen.Select(Any(ImapVerb.Select, ImapVerb.Examine), Names, Gen.Bool).Select(static (verb, name, condStore) => New(verb, mailbox: name, condStore: condStore)),
        Gen.Select(Any(ImapVerb.Rename, ImapVerb.List, ImapVerb.Lsub), Names, Names).Select(static (verb, name, other) => New(verb, mailbox: name, other: other)),
        Gen.Select(Names, Gen.Byte[1, 127]).Select(static (name, items) => New(ImapVerb.Status, mailbox: name, status: (StatusItems)items)),
        Gen.Select(Any(ImapVerb.Copy, ImapVerb.Move), Gen.Bool, Sets, Names).Select(static (verb, uid, set, name) => New(verb, uid, set, name)),
        Sets.Select(static set => New(ImapVerb.Expunge, uid: true, set)),
        Gen.Select(Gen.Bool, Sets, Items.Array[1, 4], ModSeqs, Gen.Bool).Select(static (uid, set, items, since, all) =>
            New(ImapVerb.Fetch, uid, set, items: [.. uid ? [new FetchItem(FetchKind.Uid)] : Array.Empty<FetchItem>(), .. items, .. all ? [] : new[] { new FetchItem(FetchKind.ModSeq) }], since: all ? null : since)),
        Gen.Select(Gen.Bool, Sets, Any(StoreMode.Replace, StoreMode.Add, StoreMode.Remove), Gen.Bool, Flags, ModSeqs).Select(static (uid, set, mode, silent, flags, since) =>
            New(ImapVerb.Store, uid, set, mode: mode, silent: silent, flags: flags, since: since % 2 == 0 ? null : since)),
        Gen.Select(Gen.Bool, Keys, Gen.Int[0, 15]).Select(static (uid, key, wanted) => New(ImapVerb.Search, uid, search: key, returned: (SearchReturn)wanted)));

    /// <summary>What a client writes of a command is read as that command, whatever its strings, literals included, and however it is cut.</summary>
    [Fact]
    public void A_command_that_is_written_is_read_as_the_same() =>
        Gen.Select(Commands.Array[1, 4], Gen.Int[1, 30].Array[1, 10]).Sample((commands, cuts) =>
        {
            var written = new ArrayBufferWriter<byte>();
            foreach (var command in commands) command.WriteTo(written);
            var owner = new RecordingImapServer(later: false);
            owner.Present("z LOGIN u p\r\nz SELECT INBOX\r\n"u8);
            owner.Calls.Clear();
            owner.Present(written.WrittenSpan, cuts);
            Assert.Equal(commands.Select(Text), owner.Commands.Skip(1).Select(Text));
        }, iter: 3000);

    /// <summary>Pieces of good and bad commands in any order: the calls and the answers do not depend on how the octets are cut, nor on when the owner answers.</summary>
    [Fact]
    public void Any_cut_of_any_dialogue_gives_the_same_calls_and_answers()
    {
        string[] parts = ["a NOOP\r\n", "b LOGIN u p\r\n", "c SELECT INBOX\r\n", "d FETCH 1:* (FLAGS BODY[])\r\n", "e LOGIN {1}\r\nu {1+}\r\np\r\n", "f APPEND x {5+}\r\nhello\r\n", "g APPEND {1}\r\nx () {3}\r\nabc\r\n", "h APPEND x {5+}\r\nhello (\r\n",
            "i IDLE\r\n", "DONE\r\n", "\r\n", " ", "{", "{3}\r\n", "{3+}\r\n", "{99999+}\r\n", "{99999}\r\n", "\"", "(", "k AUTHENTICATE PLAIN\r\n", "AHUAcA==\r\n", "l AUTHENTICATE PLAIN AHUAcA==\r\n", "m LOGOUT\r\n", "n SEARCH ((((\r\n", "\r", "\n", "\0", "\u00ff", "a*1:,", "o UID"];
        Gen.Select(Gen.Int[0, parts.Length - 1].Array[1, 12], Gen.Int[1, 12].Array[1, 20]).Sample((picks, cuts) =>
        {
            var octets = Encoding.Latin1.GetBytes(string.Concat(picks.Select(pick => parts[pick])));
            var whole = new RecordingImapServer(later: false);
            whole.Present(octets);
            var cut = new RecordingImapServer(later: true);
            cut.Present(octets, cuts);
            Assert.Equal(whole.Calls, cut.Calls);
            Assert.Equal(Octets.Show(whole.Output.WrittenSpan), Octets.Show(cut.Output.WrittenSpan));
        }, iter: 5000);
    }

    [Fact]
    public void Random_octets_break_neither_parser_nor_machine() => Gen.Select(Gen.Byte.Array[0, 200], Any("", "FETCH 1 ", "SEARCH ", "UID STORE ", "LIST ", "APPEND ", "STATUS ", "ID ")).Sample((octets, verb) =>
    {
        var owner = new RecordingImapServer(later: false);
        owner.Present([.. "a LOGIN u p\r\nb SELECT x\r\nc "u8, .. Encoding.ASCII.GetBytes(verb), .. octets, .. "\r\n"u8]);
    }, iter: 5000);

    [Theory]
    [InlineData("a LOGIN u {4097}\r\n", "a BAD [TOOBIG] the literal is too long\r\n", false)]
    [InlineData("a LOGIN u {4097+}\r\n", "* BYE the literal is too long\r\n", true)]
    [InlineData("a LOGIN u {999999999999999999}\r\n", "a BAD [TOOBIG] the literal is too long\r\n", false)]
    [InlineData("a LOGIN u {9999999999999999999}\r\n", "a BAD LOGIN user password\r\n", false)]
    [InlineData("a LOGIN u {-1}\r\n", "a BAD LOGIN user password\r\n", false)]
    [InlineData("{5}\r\n", "* BYE the literal is too long\r\n", true)]
    public void A_hostile_literal_is_refused(string input, string answer, bool ends)
    {
        var owner = new RecordingImapServer(later: false);
        owner.Present(Encoding.Latin1.GetBytes(input));
        if (input.StartsWith('{')) owner.Present("hello\r\n"u8);
        else Assert.Equal(answer, Encoding.Latin1.GetString(owner.Output.WrittenSpan));
        Assert.Equal(ends && !input.StartsWith('{'), owner.Machine.ShouldClose);
    }

    [Fact]
    public void A_line_without_end_ends_the_session_within_its_limit()
    {
        var owner = new RecordingImapServer(later: false);
        owner.Present(Encoding.ASCII.GetBytes("a LOGIN " + new string('x', 9000)));
        Assert.True(owner.Machine.ShouldClose);
        Assert.Equal("* BYE the command is too long\r\n", Encoding.ASCII.GetString(owner.Output.WrittenSpan));
    }

    [Fact]
    public void Nested_searches_have_a_depth()
    {
        var owner = new RecordingImapServer(later: false);
        owner.Present("a LOGIN u p\r\nb SELECT x\r\n"u8);
        owner.Present(Encoding.ASCII.GetBytes($"c SEARCH {new string('(', 20)}ALL{new string(')', 20)}\r\nd SEARCH {new string('(', 5000)}ALL{new string(')', 5000)}\r\ne SEARCH {string.Concat(Enumerable.Repeat("NOT ", 5000))}ALL\r\n"));
        var answers = Encoding.ASCII.GetString(owner.Output.WrittenSpan);
        Assert.Contains("c OK", answers, StringComparison.Ordinal);
        Assert.Contains("d BAD", answers, StringComparison.Ordinal);
        Assert.Contains("e BAD", answers, StringComparison.Ordinal);
    }

    [Fact]
    public void Overlapping_ranges_give_each_message_once_and_bounded_work()
    {
        var set = new ImapSet([.. Enumerable.Repeat((1u, ImapSet.Star), 10_000)]);
        Assert.Equal(Enumerable.Range(0, 500), set.Resolve(500, static place => (uint)place + 10, uids: true));
        Assert.Equal([0, 1, 4], new ImapSet([(5, 5), (2, 1)]).Resolve(5, static place => (uint)place + 1, uids: false));
        Assert.Null(new ImapSet([(6, 6)]).Resolve(5, static place => (uint)place + 1, uids: false));

        // RFC 3501 §6.4.8: 559:* has the last message even if its UID is smaller.
        Assert.Equal([4], new ImapSet([(559, ImapSet.Star)]).Resolve(5, static place => (uint)place + 1, uids: true));
    }

    [Fact]
    public void Modified_utf7_names_have_one_form()
    {
        Gen.Char.Array[0, 10].Select(static signs => new string(signs)).Where(static text => !text.Any(char.IsSurrogate)).Sample(text =>
            Assert.True(ModifiedUtf7.TryDecode(ModifiedUtf7.Encode(text), out var again) && again == text), iter: 2000);
        Assert.True(ModifiedUtf7.TryDecode("~peter/mail/&U,BTFw-/&ZeVnLIqe-", out var decoded));
        Assert.Equal("~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e", decoded);
        foreach (var bad in (string[])["&", "&AGE-", "&Jjo", "&Jjo!", "&U,BTFw-&ZeVnLIqe-", "&2ADYAA-", "a\u00e9", "&=-"]) Assert.False(ModifiedUtf7.TryDecode(bad, out _), bad);
        Gen.Char[' ', '~'].Array[0, 12].Sample(static signs =>
        {
            if (ModifiedUtf7.TryDecode("&" + new string(signs), out var text)) Assert.Equal("&" + new string(signs), ModifiedUtf7.Encode(text));
        }, iter: 5000);
    }

    private static ImapCommand New(ImapVerb verb, bool uid = false, ImapSet? set = null, string mailbox = "", string other = "", IReadOnlyList<FetchItem>? items = null, StatusItems status = default, StoreMode mode = default, bool silent = false, ImapFlags flags = default, SearchKey? search = null, SearchReturn returned = default, bool condStore = false, long? since = null) =>
        new() { Tag = "t", Verb = verb, IsUid = uid, Set = set, Mailbox = mailbox, Other = other, Items = items ?? [], Status = status, Mode = mode, Silent = silent, Flags = flags, Search = search, Return = returned, CondStore = condStore, Since = since };

    private static Gen<T> Any<T>(params T[] of) => Gen.Int[0, of.Length - 1].Select(index => of[index]);

    private static string Text(ImapCommand command)
    {
        var written = new ArrayBufferWriter<byte>();
        command.WriteTo(written);
        return Octets.Show(written.WrittenSpan);
    }
}
