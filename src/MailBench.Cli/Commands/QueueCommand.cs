using System.CommandLine;
using System.Text;
using MailBench.Mta.Queue;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench queue</c>: looks into a queue, of a live or a stopped MTA, and changes it (<see cref="QueueOrderCommand"/>).</summary>
internal static class QueueCommand
{
    private const int HeaderBytes = 64 << 10;
    private const int FlushedChars = 1 << 14;

    private const string ListExample = """
        $ mailbench queue list /var/spool/mailbench
        1Z4  12m  4.2KiB  ab12.3-0.1042@source.test
          u17@d3.test  waiting, 2 attempts, next in 40s: mx3.test[127.0.1.4] said to RCPT: 450 4.2.0 Mailbox busy
          u18@d4.test  waiting
        """;

    public static Command Create() => new Command("queue", "Look into a queue, of a live or a stopped MTA, or change what waits in it.")
    {
        CreateList(), CreateShow(), QueueOrderCommand.CreateFlush(), QueueOrderCommand.CreateRemove(),
    }.WithExample(ListExample);

    private static Command CreateList()
    {
        var directories = new Argument<string[]>("DIR") { Description = "Queue directories, repeated or separated by commas.", Arity = ArgumentArity.OneOrMore };
        var (conditions, readConditions) = QueueSelection.Conditions();
        var list = new Command("list", "A line per message: id, age, size, sender; below it a line per waiting recipient with its state and reason. Nothing when empty.") { directories };
        foreach (var condition in conditions) list.Options.Add(condition);
        list.SetAction(parsed =>
        {
            var output = parsed.InvocationConfiguration.Output;
            var now = TimeProvider.System.GetUtcNow();
            var selection = readConditions(parsed);
            var queues = Read(parsed.GetRequiredValue(directories), parsed.InvocationConfiguration.Error);
            try
            {
                // Not flushed line by line, as the console does: a million messages are two million lines.
                var text = new StringBuilder(2 * FlushedChars);
                foreach (var entry in InOrder(queues))
                {
                    if (!selection.Matches(entry, now)) continue;
                    QueueText.WriteListed(text, entry, now, selection);
                    if (text.Length >= FlushedChars) Flush();
                }

                Flush();

                void Flush()
                {
                    output.Write(text);
                    output.Flush();
                    text.Clear();
                }
            }
            finally
            {
                foreach (var queue in queues) queue.Dispose();
            }

            return ExitCode.Good;
        });
        return list.WithExample(ListExample);
    }

    private static Command CreateShow()
    {
        var directories = new Argument<string>("DIR") { Description = "Queue directory, or several separated by commas." };
        var id = new Argument<string>("ID") { Description = "The message's id as list prints it." };
        var show = new Command("show", "A message's envelope, all its recipients with state, attempts, next attempt and reason, and its header section.") { directories, id };
        show.SetAction(parsed =>
        {
            var wanted = QueueSelection.ReadId(parsed.GetRequiredValue(id));
            var queues = Read([parsed.GetRequiredValue(directories)], parsed.InvocationConfiguration.Error);
            try
            {
                var entry = queues.SelectMany(queue => queue.Entries).FirstOrDefault(entry => entry.Id == wanted)
                    ?? throw new UsageException($"There is no message {wanted} in {parsed.GetRequiredValue(directories)}; it may be finished. 'mailbench queue list' prints what waits.");
                QueueText.WriteShown(parsed.InvocationConfiguration.Output, entry, QueueInspection.ReadHeaderSection(entry, HeaderBytes), TimeProvider.System.GetUtcNow());
            }
            finally
            {
                foreach (var queue in queues) queue.Dispose();
            }

            return ExitCode.Good;
        });
        return show.WithExample("""
            $ mailbench queue show /var/spool/mailbench 1Z4
            id:        1Z4
            sender:    ab12.3-0.1042@source.test
            accepted:  2026-05-04 09:12:33Z, 12m ago
            size:      4300 octets
            body:      8BITMIME
            recipients:
              u16@d2.test  delivered, 1 attempt
              u17@d3.test  waiting, 2 attempts, next in 40s: mx3.test[127.0.1.4] said to RCPT: 450 4.2.0 Mailbox busy
            header:
              Received: from source.test ([127.0.0.1])
              	by mta.test with ESMTP id 1Z4;
              	Mon, 04 May 2026 09:12:33 +0000
              Subject: Minutes
            """);
    }

    /// <summary>The messages of all directories, oldest first, each read when its turn comes.</summary>
    private static IEnumerable<QueueEntry> InOrder(IReadOnlyList<QueueInspection> queues)
    {
        if (queues.Count == 1) return queues[0].Entries;
        return Merged();

        IEnumerable<QueueEntry> Merged()
        {
            var heads = new PriorityQueue<IEnumerator<QueueEntry>, (long, long)>();
            foreach (var queue in queues) Advance(queue.Entries.GetEnumerator());
            while (heads.TryDequeue(out var head, out _))
            {
                yield return head.Current;
                Advance(head);
            }

            void Advance(IEnumerator<QueueEntry> entries)
            {
                if (entries.MoveNext()) heads.Enqueue(entries, (entries.Current.AcceptedUnixMs, entries.Current.Id.Value));
                else entries.Dispose();
            }
        }
    }

    /// <summary>The directories that arguments name, each once.</summary>
    internal static IReadOnlyList<string> Directories(IEnumerable<string> arguments)
    {
        var directories = arguments.SelectMany(argument => argument.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).Distinct().ToList();
        return directories.Count > 0 ? directories : throw new UsageException("DIR names no directory.");
    }

    /// <summary>Reads a directory; what is damaged there is said on <paramref name="error"/>.</summary>
    internal static QueueInspection Read(string directory, TextWriter error)
    {
        if (!Directory.Exists(directory)) throw new UsageException($"There is no directory {directory}; name one that was given to 'mailbench mta --queue'.");
        if (!QueueInspection.IsQueue(directory)) throw new UsageException($"{directory} holds no queue; name a directory that was given to 'mailbench mta --queue'.");
        var queue = QueueInspection.Read(directory);
        foreach (var damage in queue.Damages) error.WriteLine($"mailbench: {damage}");
        return queue;
    }

    private static List<QueueInspection> Read(IEnumerable<string> arguments, TextWriter error) => [.. Directories(arguments).Select(directory => Read(directory, error))];
}
