using System.Globalization;
using System.Net.Sockets;
using System.Text;
using MailBench.Mta.Queue;

namespace MailBench.Mta.Orders;

/// <summary>
/// The control socket of a live queue: a Unix socket in the queue directory, for its owner only (0600). An order is text: a line <c>flush</c> or <c>remove</c>, a line
/// <c>ID INDEX</c> for each recipient, end of sending; the answer is a line <c>ok DONE LEFT</c> or <c>error SENTENCE</c>. One order at a time.
/// Limits: <see cref="MaxRecipients"/> an order, <see cref="MaxLine"/> characters a line, <see cref="Patience"/> for the whole exchange.
/// </summary>
internal sealed class QueueSocket : IAsyncDisposable
{
    public const string FileName = "queue.sock";
    public const int MaxRecipients = 1_000_000;

    /// <summary>Longer than any id with an index.</summary>
    private const int MaxLine = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan FailureDelay = TimeSpan.FromMilliseconds(100);

    private readonly Socket _listener;
    private readonly string _path;
    private readonly Func<QueueOrder, IReadOnlySet<RecipientKey>, Task<OrderResult>> _apply;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _serving;

    private QueueSocket(Socket listener, string path, Func<QueueOrder, IReadOnlySet<RecipientKey>, Task<OrderResult>> apply, TimeProvider time)
    {
        (_listener, _path, _apply, _time) = (listener, path, apply, time);
        _serving = ServeAsync();
    }

    /// <summary>Where a directory's socket is; null when the system cannot name it, since the path is too long (107 octets on Linux).</summary>
    public static UnixDomainSocketEndPoint? EndPointOf(string directory)
    {
        try
        {
            return new UnixDomainSocketEndPoint(Path.Combine(Path.GetFullPath(directory), FileName));
        }
        catch (ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    /// <summary>
    /// Listens in a directory whose lock is held, so that a socket there is a killed process's leftover. Null when the path is too long: then there are no live orders. Throws
    /// <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.
    /// </summary>
    public static QueueSocket? Open(string directory, Func<QueueOrder, IReadOnlySet<RecipientKey>, Task<OrderResult>> apply, TimeProvider time)
    {
        if (EndPointOf(directory) is not { } endPoint) return null;
        var path = Path.Combine(Path.GetFullPath(directory), FileName);
        File.Delete(path);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(endPoint);
            // Nobody can connect before it listens, so there is no moment at which others may.
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            listener.Listen(1);
            return new QueueSocket(listener, path, apply, time);
        }
        catch (Exception failed)
        {
            listener.Dispose();
            if (failed is SocketException) throw new IOException($"The queue's control socket {path} cannot be made: {failed.Message}. Correct the directory's permissions, or name another with --queue.", failed);
            throw;
        }
    }

    /// <summary>The asking side. Throws <see cref="IOException"/> with the MTA's sentence, or when it does not answer.</summary>
    public static async Task<OrderResult> AskAsync(Socket socket, QueueOrder order, IReadOnlyCollection<RecipientKey> recipients, TimeProvider time)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        await using var stream = new NetworkStream(socket);
        var question = new StringBuilder(order == QueueOrder.Flush ? "flush\n" : "remove\n");
        foreach (var (message, recipient) in recipients) question.Append(CultureInfo.InvariantCulture, $"{message} {recipient}\n");
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(question.ToString()), patience.Token).ConfigureAwait(false);
            socket.Shutdown(SocketShutdown.Send);
            using var reader = new StreamReader(stream, Encoding.UTF8);
            var answer = await reader.ReadLineAsync(patience.Token).ConfigureAwait(false) ?? "";
            if (answer.Split(' ') is ["ok", var done, var left]) return new OrderResult(int.Parse(done, CultureInfo.InvariantCulture), int.Parse(left, CultureInfo.InvariantCulture));
            throw new IOException(answer.StartsWith("error ", StringComparison.Ordinal) ? answer[6..] : "The MTA ended before it answered; look with 'mailbench queue list' what was done.");
        }
        catch (OperationCanceledException)
        {
            throw new IOException($"The MTA did not answer within {Patience.TotalSeconds:0} s.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _serving.ConfigureAwait(false);
        _listener.Dispose();
        _closing.Dispose();
        File.Delete(_path);
    }

    private async Task ServeAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            var failed = false;
            try
            {
                using var client = await _listener.AcceptAsync(_closing.Token).ConfigureAwait(false);
                using var patience = new CancellationTokenSource(Patience, _time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _closing.Token);
                await AnswerAsync(client, either.Token).ConfigureAwait(false);
            }
            catch (Exception gone) when (gone is OperationCanceledException or SocketException or IOException)
            {
                // This client is gone, or too slow; the next one is served.
                failed = true;
            }

            // Where it is accepting that fails (no descriptor left), it would fail again at once.
            if (failed) await Task.Delay(FailureDelay, _time, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task AnswerAsync(Socket client, CancellationToken cancellationToken)
    {
        await using var stream = new NetworkStream(client);
        string answer;
        try
        {
            var (order, recipients) = await ReadAsync(stream, cancellationToken).ConfigureAwait(false);
            var result = await _apply(order, recipients).ConfigureAwait(false);
            answer = string.Create(CultureInfo.InvariantCulture, $"ok {result.Done} {result.Left}\n");
        }
        catch (FormatException wrong)
        {
            answer = $"error {wrong.Message}\n";
        }

        await stream.WriteAsync(Encoding.UTF8.GetBytes(answer), cancellationToken).ConfigureAwait(false);
    }

    private static async Task<(QueueOrder Order, HashSet<RecipientKey> Recipients)> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        QueueOrder? order = null;
        var recipients = new HashSet<RecipientKey>();
        var buffer = new byte[1 << 16];
        var kept = 0;
        int read;
        while ((read = await stream.ReadAsync(buffer.AsMemory(kept), cancellationToken).ConfigureAwait(false)) > 0)
        {
            var rest = buffer.AsMemory(0, kept + read);
            while (rest.Span.IndexOf((byte)'\n') is var end and >= 0)
            {
                var line = rest.Span[..end];
                if (order is null) order = ReadOrder(line);
                else recipients.Add(ReadKey(line));
                rest = rest[(end + 1)..];
                if (recipients.Count > MaxRecipients) throw new FormatException($"An order may name {MaxRecipients} recipients; give several.");
            }

            if (rest.Length > MaxLine) throw new FormatException("A line is too long.");
            rest.CopyTo(buffer);
            kept = rest.Length;
        }

        return (order ?? throw new FormatException("There is no order."), recipients);
    }

    private static QueueOrder ReadOrder(ReadOnlySpan<byte> line) =>
        line.SequenceEqual("flush"u8) ? QueueOrder.Flush : line.SequenceEqual("remove"u8) ? QueueOrder.Remove : throw new FormatException("The order is neither flush nor remove.");

    private static RecipientKey ReadKey(ReadOnlySpan<byte> line)
    {
        Span<char> text = stackalloc char[MaxLine];
        if (line.Length <= MaxLine)
        {
            text = text[..Encoding.ASCII.GetChars(line, text)];
            var space = text.IndexOf(' ');
            if (space >= 0 && QueueId.TryParse(text[..space], out var message) && int.TryParse(text[(space + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var recipient))
                return new RecipientKey(message, recipient);
        }

        throw new FormatException("A line is not ID INDEX.");
    }
}
