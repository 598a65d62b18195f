using System.Text;

namespace MailBench.Cli.Hosting;

/// <summary>
/// Standard error that drops what it cannot write. It carries words for people, often about a disk that is full, and may itself go to a file on that disk: a complaint
/// must never end the node that complains.
/// </summary>
internal sealed class PatientWriter(TextWriter inner) : TextWriter
{
    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Try(() => inner.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

    public override void Write(string? value) => Try(() => inner.Write(value));

    public override void WriteLine(string? value) => Try(() => inner.WriteLine(value));

    public override void Flush() => Try(inner.Flush);

    private static void Try(Action write)
    {
        try
        {
            write();
        }
        catch (IOException)
        {
            // Nobody can be told.
        }
    }
}
