using System.Net;
using System.Text;
using System.Text.Json;
using MailBench.Testing.Processes;
using MailBench.Testing.Smtp;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Xunit;

namespace MailBench.EndToEnd.Sink;

/// <summary>The sink as a program, against clients that are not ours.</summary>
public sealed class SinkPeersTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-e2e-sink-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Counts_what_smtp_source_sends()
    {
        var source = Require("smtp-source", "postfix");
        await using var sink = MailbenchProcess.Start("sink", "--listen", "127.0.0.1:0");
        var server = sink.ReadReady("sink");
        var (code, _, error) = await source.RunAsync(Patience, "-d", "-s", "5", "-m", "200", "-r", "3", "-l", "4096", "-f", "a@b.test", "-t", "u@d1.test", server.ToString());
        Assert.True(code == 0, error);
        var counts = await EndAsync(sink);
        Assert.Equal((200, 200, 600), (counts["transactions"], counts["messages"], counts["recipients"]));
        Assert.InRange(counts["octets"], 200 * 4096, 200 * 4300);
    }

    [Fact]
    public async Task Keeps_what_swaks_sends()
    {
        var swaks = Require("swaks", "swaks");
        await using var sink = MailbenchProcess.Start("sink", "--listen", "127.0.0.1:0", "--save", _folder, "--refuse", "rcpt:550:5.1.1:nobody@*");
        var server = sink.ReadReady("sink");
        string[] common = ["--server", "127.0.0.1", "--port", $"{server.Port}", "--from", "a@b.test", "--data", "Subject: x\\n\\n.dot\\n..\\nlast\\n"];
        var (code, output, error) = await swaks.RunAsync(Patience, [.. common, "--to", "u1@d.test,u2@d.test"]);
        Assert.True(code == 0, output + error);
        Assert.StartsWith("Subject: x\r\n\r\n.dot\r\n..\r\nlast\r\n", await ReadAsync("1.eml"), StringComparison.Ordinal);
        using (var envelope = JsonDocument.Parse(await ReadAsync("1.json")))
        {
            Assert.Equal("a@b.test", envelope.RootElement.GetProperty("reversePath").GetString());
            Assert.Equal(2, envelope.RootElement.GetProperty("recipients").GetArrayLength());
        }

        (code, output, _) = await swaks.RunAsync(Patience, [.. common, "--to", "nobody@d.test"]);
        Assert.NotEqual(0, code);
        Assert.Contains("550 5.1.1 Refused by rule", output, StringComparison.Ordinal);
        Assert.Equal(1, (await EndAsync(sink))["refused"]);
    }

    [Fact]
    public async Task Takes_what_MailKit_sends_octet_for_octet()
    {
        await using var sink = MailbenchProcess.Start("sink", "--listen", "127.0.0.1:0", "--save", _folder);
        var server = sink.ReadReady("sink");
        using var message = new MimeMessage();
        message.From.Add(new MailboxAddress("A", "a@b.test"));
        message.To.Add(new MailboxAddress("U", "u1@d.test"));
        message.Subject = "日本語の件名";
        message.Body = new Multipart("mixed") { new TextPart("plain") { Text = ".leading dot\r\n..\r\nÄÖÜ\r\n" }, new MimePart("application", "octet-stream") { Content = new MimeContent(new MemoryStream(new byte[5000])) } };
        var format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        using (var client = new SmtpClient())
        {
            await client.ConnectAsync("127.0.0.1", server.Port, SecureSocketOptions.None);
            Assert.Equal(SmtpCapabilities.Pipelining | SmtpCapabilities.Size | SmtpCapabilities.EightBitMime | SmtpCapabilities.EnhancedStatusCodes | SmtpCapabilities.Chunking, client.Capabilities);
            await client.SendAsync(format, message);
            await client.SendAsync(format, message);
            await client.DisconnectAsync(quit: true);
        }

        using var sent = new MemoryStream();
        await message.WriteToAsync(format, sent);
        var expected = Encoding.Latin1.GetString(sent.ToArray());
        if (!expected.EndsWith("\r\n", StringComparison.Ordinal)) expected += "\r\n";
        Assert.Equal(expected, await ReadAsync("1.eml"));
        Assert.Equal(expected, await ReadAsync("2.eml"));
        var counts = await EndAsync(sink);
        Assert.Equal((1, 2), (counts["sessions"], counts["messages"]));
    }

    [Fact]
    public async Task Books_under_control_and_ends_with_its_parent()
    {
        var events = Path.Combine(_folder, "sink-0-0.bin");
        await using var sink = MailbenchProcess.Start("sink", "--listen", "127.0.0.1:0,127.0.0.2:0", "--return", "127.0.0.3:0", "--control");
        var server = sink.ReadReady("sink");
        Assert.Equal(new IPEndPoint(IPAddress.Parse("127.0.0.2"), server.Port), sink.ReadReady("sink"));
        Assert.Equal("127.0.0.3", sink.ReadReady("sink").Address.ToString());
        sink.WriteLine($$"""{"cmd":"begin","id":1,"trial":{"run":"r1","point":0,"repetition":0},"eventsPath":{{JsonSerializer.Serialize(events)}}}""");
        Assert.Equal("""{"reply":1,"ok":true}""", sink.ReadLine());
        using (var client = SmtpDialogue.Greet(server)) client.Transact("r1.0-0.5@source.test", ["u0@d0.test", "u1@d1.test"], "x\r\n");
        Assert.Equal("""{"notice":"booked","recipients":2}""", sink.ReadLine());
        sink.WriteLine("""{"cmd":"end","id":2}""");
        Assert.Equal("""{"reply":2,"ok":true}""", sink.ReadLine());
        Assert.Equal(256 + (2 * 32), new FileInfo(events).Length);
        sink.CloseInput();
        var (code, last) = await sink.WaitForEndAsync();
        Assert.Equal(0, code);
        Assert.StartsWith("{\"sessions\":1,\"transactions\":1,\"messages\":1,\"recipients\":2,", last, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"id":1}""")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"cmd":"nope"}""")]
    [InlineData("\0")]
    public async Task A_line_that_is_no_command_is_refused_and_the_channel_stays(string line)
    {
        await using var sink = MailbenchProcess.Start("sink", "--listen", "127.0.0.1:0", "--control");
        sink.ReadReady("sink");
        sink.WriteLine(line);
        Assert.StartsWith("{\"reply\":0,\"ok\":false,", sink.ReadLine(), StringComparison.Ordinal);
        sink.WriteLine("""{"cmd":"end","id":2}""");
        Assert.Equal("""{"reply":2,"ok":true}""", sink.ReadLine());
        sink.CloseInput();
        Assert.Equal(0, (await sink.WaitForEndAsync()).Code);
    }

    [Theory]
    [InlineData(2, "sink")]
    [InlineData(2, "sink", "--listen", "nonsense")]
    [InlineData(2, "sink", "--listen", "127.0.0.1:0", "--refuse", "rcpt:250")]
    [InlineData(4, "sink", "--listen", "127.0.0.1:0", "--save", "/dev/null/x")]
    [InlineData(4, "sink", "--listen", "192.0.2.1:2525")]
    public async Task Says_what_is_wrong_and_exits_by_the_contract(int expected, params string[] arguments)
    {
        await using var sink = MailbenchProcess.Start(arguments);
        var (code, _) = await sink.WaitForEndAsync();
        Assert.Equal(expected, code);
        Assert.StartsWith("mailbench", await sink.Error, StringComparison.Ordinal);
    }

    private static ForeignProgram Require(string name, string package)
    {
        var program = ForeignProgram.Find(name);
        if (program is null) Assert.Skip($"{name} is not installed; get it with: apt-get install {package}");
        return program;
    }

    private static async Task<Dictionary<string, long>> EndAsync(MailbenchProcess sink)
    {
        sink.Terminate();
        var (code, last) = await sink.WaitForEndAsync();
        Assert.Equal(0, code);
        return JsonSerializer.Deserialize<Dictionary<string, long>>(last!)!;
    }

    private async Task<string> ReadAsync(string name) => Encoding.Latin1.GetString(await File.ReadAllBytesAsync(Path.Combine(_folder, name)));
}
