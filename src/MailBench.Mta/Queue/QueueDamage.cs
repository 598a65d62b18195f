namespace MailBench.Mta.Queue;

/// <summary>A stretch of a queue file whose sums are wrong although it had been committed; the messages in it are lost, the others are served.</summary>
public sealed record QueueDamage(string Path, long StartOffset, long EndOffset)
{
    public override string ToString() =>
        $"Queue file {Path} is damaged from octet {StartOffset} to {EndOffset}; messages there are lost, all others are kept. Check the disk, and keep a copy of the file if they matter.";
}
