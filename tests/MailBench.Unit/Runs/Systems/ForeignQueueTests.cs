using MailBench.Runs.Testbed.Systems;
using Xunit;

namespace MailBench.Unit.Runs.Systems;

/// <summary>What the queues of Exim, OpenSMTPD and sendmail say, as their own programs write them.</summary>
public sealed class ForeignQueueTests : IDisposable
{
    private readonly string _spool = Directory.CreateTempSubdirectory("mailbench-spool-").FullName;

    public void Dispose() => Directory.Delete(_spool, recursive: true);

    private void Write(string file, string text = "")
    {
        Directory.CreateDirectory(Path.Combine(_spool, Path.GetDirectoryName(file)!));
        File.WriteAllText(Path.Combine(_spool, file), text);
    }

    private static Task<IReadOnlyList<QueuedRecipient>> Exim(string listing) => EximQueue.ReadAsync(new StringReader(listing), TestContext.Current.CancellationToken);

    [Fact]
    public async Task Exim_lists_recipients_below_their_message_and_marks_those_delivered()
    {
        const string listing = """
             3m  2.9K 1xVopF-00000T-08 <ab1.2-0.17@source.test>
                    D u0@d3.test
                      u7@d10.test

            25h   600 1xVopF-00000U-0u <> *** frozen ***
                      ab1.2-0.9@source.test


            """;
        Assert.Equal([new("ab1.2-0.17@source.test", "u7@d10.test"), new QueuedRecipient("", "ab1.2-0.9@source.test")], await Exim(listing));
        Assert.Empty(await Exim(""));
    }

    [Theory]
    [InlineData("          u7@d10.test")]
    [InlineData("exim: cannot open spool")]
    public async Task Anything_else_is_an_error_and_never_an_empty_queue(string listing) => await Assert.ThrowsAsync<InvalidDataException>(() => Exim(listing));

    [Fact]
    public void Exims_messages_are_counted_in_split_directories_too()
    {
        Write("input/1xVopF-00000T-08-D");
        Write("input/1xVopF-00000T-08-H");
        Write("input/F/1xVopF-00000U-0u-D");
        Write("msglog/1xVopF-00000U-0u");
        Assert.Equal(2, EximQueue.Count(_spool));
    }

    [Fact]
    public void OpenSmtpd_has_a_file_for_each_recipient_that_waits()
    {
        Assert.Empty(OpenSmtpdQueue.Read(_spool));
        Write("queue/8e/8ee74be4/message", "Subject: x\n");
        Write("queue/8e/8ee74be4/8ee74be4556fedc0", "version: 3\ndispatcher: out\ntype: mta\nsender: ab1.2-0.17@source.test\nrcpt: u0@d0.test\ndest: u0@d0.test\nctime: 1\n");
        Write("queue/0e/0ed929c8/message", "");
        Write("queue/0e/0ed929c8/0ed929c8ad1bce4b", "version: 3\nsender: \ndest: ab1.2-0.9@source.test\n");
        Directory.CreateDirectory(Path.Combine(_spool, "incoming", "99bd6bf6"));
        Assert.Equal([new("", "ab1.2-0.9@source.test"), new QueuedRecipient("ab1.2-0.17@source.test", "u0@d0.test")], OpenSmtpdQueue.Read(_spool).OrderBy(queued => queued.Sender, StringComparer.Ordinal));
        Assert.Equal(3, OpenSmtpdQueue.Count(_spool));
        Assert.Throws<InvalidDataException>(() => OpenSmtpdQueue.Parse("version: 3\n", "x"));
    }

    [Fact]
    public void Sendmails_control_files_give_sender_and_recipients_in_every_queue_directory()
    {
        Write("q1/qf6AOBh3OF000035", "V8\nT1700000000\nK0\nN0\nP30000\nS<ab1.2-0.17@source.test>\nrRFC822; u0@d3.test\nRPFD:<u0@d3.test>\nRPFD:u7@d10.test\nH?P?Return-Path: <x>\n.\n");
        Write("q1/df6AOBh3OF000035", "text");
        Write("q2/qf6AOBh3OF000036", "V8\nS<>\nRPFD:<ab1.2-0.9@source.test>\n.\n");
        Write("q2/df6AOBh3OF000036", "text");
        Write("q2/df6AOBh3OF000037", "being received");
        Assert.Equal(
            [new("", "ab1.2-0.9@source.test"), new("ab1.2-0.17@source.test", "u0@d3.test"), new QueuedRecipient("ab1.2-0.17@source.test", "u7@d10.test")],
            SendmailQueue.Read(_spool).OrderBy(queued => queued.Sender, StringComparer.Ordinal));
        Assert.Equal(3, SendmailQueue.Count(_spool));
        Assert.Empty(SendmailQueue.Parse("V8\nS<a@b>\nRPFD:<c@d>\n"));
    }
}
