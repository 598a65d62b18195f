using System.Text;
using MailBench.Peers.Source.Workload;
using Xunit;

namespace MailBench.Unit.Peers.Source;

/// <summary>What a receiver makes of wire octets (RFC 5321 §4.5.2), written independently of the sender's code.</summary>
internal static class WireText
{
    public static byte[] Unstuff(WireMessage message)
    {
        var text = Encoding.Latin1.GetString(message.Octets);
        Assert.EndsWith(".\r\n", text);
        var lines = text.Split("\r\n")[..^2];
        Assert.All(lines, line => Assert.NotEqual(".", line));
        var content = Encoding.Latin1.GetBytes(string.Concat(lines.Select(line => (line.StartsWith('.') ? line[1..] : line) + "\r\n")));
        Assert.Equal(message.ContentOctets, content.Length);
        return content;
    }
}
