using System.Net;
using System.Net.Sockets;
using System.Text;
using MailBench.Model.Records;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>The wait until a foreign server that was started greets at its door.</summary>
internal static class Greeting
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    /// <summary>Until the first line at the door begins with one of <paramref name="words"/>; takes its leave with <paramref name="leave"/>. Throws <see cref="RoleFailedException"/> with its log's last words.</summary>
    public static async Task AwaitAsync(string name, IPEndPoint door, IReadOnlyList<string> words, string leave, Task<RoleFailure> failed, string logPath, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!await IsUpAsync(() => HeardAsync(door, words, leave, cancellationToken), Patience, failed, time, cancellationToken))
            throw new RoleFailedException(new RoleFailure(name, $"did not greet at {door} within {Patience.TotalSeconds:0} s", LogTail.Of(logPath)));
    }

    /// <summary>Looks until <paramref name="look"/> finds a program that was started up, or false when <paramref name="patience"/> is over. Throws <see cref="RoleFailedException"/> when it has ended.</summary>
    public static async Task<bool> IsUpAsync(Func<Task<bool>> look, TimeSpan patience, Task<RoleFailure> failed, TimeProvider time, CancellationToken cancellationToken)
    {
        var begin = time.GetTimestamp();
        while (!await look())
        {
            if (failed.IsCompletedSuccessfully) throw new RoleFailedException(await failed);
            if (time.GetElapsedTime(begin) > patience) return false;
            await Task.WhenAny(failed, Task.Delay(Look, time, cancellationToken));
        }

        return true;
    }

    private static async Task<bool> HeardAsync(IPEndPoint door, IReadOnlyList<string> words, string leave, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            using var client = new TcpClient(door.AddressFamily);
            await client.ConnectAsync(door, patience.Token);
            using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
            if (await reader.ReadLineAsync(patience.Token) is not { } greeting || !words.Any(word => greeting.StartsWith(word, StringComparison.Ordinal))) return false;
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(leave), patience.Token);
            _ = await reader.ReadLineAsync(patience.Token);
            return true;
        }
        catch (Exception unready) when (unready is SocketException or IOException || (unready is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }
}
