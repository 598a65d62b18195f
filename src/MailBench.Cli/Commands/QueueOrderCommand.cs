using System.CommandLine;
using MailBench.Model.Nodes;
using MailBench.Mta.Orders;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench queue flush|remove</c>: changes what waits, of a live MTA through its control socket, of a stopped one in its files.</summary>
internal static class QueueOrderCommand
{
    public static Command CreateFlush() => Create(QueueOrder.Flush, "flush", "flushed", "Make waiting recipients due now: all, or those of the messages and conditions that are given.").WithExample("""
        $ mailbench queue flush /var/spool/mailbench --to d3.test
        flushed 12 recipients of 11 messages
        """);

    public static Command CreateRemove() =>
        Create(QueueOrder.Remove, "remove", "removed", "Discard waiting recipients of the messages or conditions that are given, without a DSN. A message with none left is gone.").WithExample("""
        $ mailbench queue remove /var/spool/mailbench --older-than 3d
        removed 2 recipients of 1 message
        1 recipient was under way or finished, and stays as it is
        """);

    private static Command Create(QueueOrder order, string name, string done, string description)
    {
        var directories = new Argument<string>("DIR") { Description = "Queue directory, or several separated by commas." };
        var ids = new Argument<string[]>("ID") { Description = "Message ids as list prints them.", Arity = ArgumentArity.ZeroOrMore };
        var (conditions, readConditions) = QueueSelection.Conditions();
        var command = new Command(name, description) { directories, ids };
        foreach (var condition in conditions) command.Options.Add(condition);
        command.SetAction(async parsed =>
        {
            var selection = readConditions(parsed) with { Ids = QueueSelection.ReadIds(parsed.GetValue(ids)) };
            if (order == QueueOrder.Remove && selection.IsEverything) throw new UsageException("queue remove wants to know what: message ids, --older-than, --to or --reason.");
            try
            {
                await ApplyAsync(parsed, parsed.GetRequiredValue(directories), order, selection, done);
                return ExitCode.Good;
            }
            catch (Exception refused) when (refused is NodeRefusedException or IOException)
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync($"mailbench: {refused.Message}");
                return ExitCode.Environment;
            }
        });
        return command;
    }

    private static async Task ApplyAsync(ParseResult parsed, string directories, QueueOrder order, QueueSelection selection, string done)
    {
        var output = parsed.InvocationConfiguration.Output;
        var result = default(OrderResult);
        var messages = 0;
        foreach (var directory in QueueCommand.Directories([directories]))
        {
            var (recipients, count) = Select(directory, selection, parsed.InvocationConfiguration.Error);
            messages += count;
            if (recipients.Count > 0) result += await QueueOrders.ApplyAsync(directory, order, recipients, TimeProvider.System);
        }

        await output.WriteLineAsync($"{done} {Count(result.Done, "recipient")} of {Count(messages, "message")}");
        if (result.Left > 0) await output.WriteLineAsync($"{Count(result.Left, "recipient")} {(result.Left == 1 ? "was" : "were")} under way or finished, and {(result.Left == 1 ? "stays" : "stay")} as {(result.Left == 1 ? "it is" : "they are")}");
    }

    private static (List<RecipientKey> Recipients, int Messages) Select(string directory, QueueSelection selection, TextWriter error)
    {
        using var queue = QueueCommand.Read(directory, error);
        var now = TimeProvider.System.GetUtcNow();
        var recipients = new List<RecipientKey>();
        var messages = 0;
        foreach (var entry in queue.Entries)
        {
            var before = recipients.Count;
            for (var i = 0; i < entry.Recipients.Length; i++)
                if (selection.Matches(entry, entry.Recipients[i], now)) recipients.Add(new RecipientKey(entry.Id, i));
            if (recipients.Count > before) messages++;
        }

        return (recipients, messages);
    }

    private static string Count(int count, string noun) => $"{count} {noun}{(count == 1 ? "" : "s")}";
}
