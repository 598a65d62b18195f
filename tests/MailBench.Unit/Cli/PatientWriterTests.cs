using System.Text;
using MailBench.Cli.Hosting;
using Xunit;

namespace MailBench.Unit.Cli;

public sealed class PatientWriterTests
{
    [Fact]
    public void A_full_disk_behind_standard_error_ends_nobody()
    {
        using var writer = new PatientWriter(new FullDisk());
        writer.Write('x');
        writer.Write("x");
        writer.WriteLine("the disk is full");
        writer.WriteLine();
        writer.WriteLine("{0} of it", 1);
        writer.Flush();
    }

    [Fact]
    public void What_can_be_written_comes_through()
    {
        using var inner = new StringWriter { NewLine = "\n" };
        using var writer = new PatientWriter(inner) { NewLine = "\n" };
        writer.Write("a ");
        writer.WriteLine("b");
        writer.WriteLine("c {0}", 1);
        writer.WriteLine();
        Assert.Equal("a b\nc 1\n\n", inner.ToString());
    }

    private sealed class FullDisk : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => throw new IOException("No space left on device");

        public override void Flush() => throw new IOException("No space left on device");
    }
}
