using System.Globalization;
using System.Text;
using System.Threading.Channels;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Mta.Delivery;
using MailBench.Transport;

namespace MailBench.Mta.Attempts;

/// <summary>
/// The attempt log: lines are gathered on the loop and written by a task of their own, so that a slow disk never holds up delivery. Bounded everywhere: chunks that the
/// writer cannot take in time are dropped and the log says how many lines; a file of <see cref="MaxFileBytes"/> is renamed to <c>NAME.1</c>, the one before is replaced,
/// so the log takes at most twice that. <see cref="Write"/> on the MTA's loop only.
/// </summary>
internal sealed class AttemptLogFile : IAsyncDisposable
{
    public const long MaxFileBytes = 64L << 20;

    /// <summary>Characters gathered before they go to the writer, at the latest after <see cref="FlushTime"/>.</summary>
    private const int ChunkLength = 16 << 10;
    private const int MaxChunks = 128;
    private static readonly TimeSpan FlushTime = TimeSpan.FromMilliseconds(200);

    private readonly EventLoop _loop;
    private readonly AttemptLog _level;
    private readonly TimeProvider _time;
    private readonly string _path;
    private readonly long _maxFileBytes;
    private readonly Action<string> _complain;
    private readonly StringBuilder _gathered = new();
    private readonly LoopTimer _timer;
    private readonly Channel<string> _chunks = Channel.CreateBounded<string>(new BoundedChannelOptions(MaxChunks) { SingleReader = true });
    private readonly Task _writer;
    private FileStream? _file;
    private int _gatheredLines;
    private long _lostLines;

    /// <summary>Opens the file for appending, unless the level is off; on the loop. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> when it cannot.</summary>
    public AttemptLogFile(EventLoop loop, string path, AttemptLog level, TimeProvider time, Action<string> complain, long maxFileBytes = MaxFileBytes)
    {
        _loop = loop;
        _level = level;
        _time = time;
        _path = path;
        _maxFileBytes = maxFileBytes;
        _complain = complain;
        _timer = loop.CreateTimer(static log => ((AttemptLogFile)log!).Flush(), this);
        if (level != AttemptLog.Off) _file = Open();
        _writer = Task.Run(WriteChunksAsync);
    }

    public void Write(in DeliveryOutcome outcome, AttemptVerdict verdict, int attempt, TimeSpan? retryIn = null)
    {
        if (_level == AttemptLog.Off || (_level == AttemptLog.Failures && verdict == AttemptVerdict.Delivered)) return;
        AttemptLine.Append(_gathered, outcome, verdict, attempt, retryIn, _time.GetUtcNow());
        _gatheredLines++;
        if (_gathered.Length >= ChunkLength) Flush();
        else if (!_timer.IsArmed) _timer.Arm(_loop.TurnNs + FlushTime.ToNs());
    }

    /// <summary>Hands what is gathered to the writer; on the loop.</summary>
    public void Flush()
    {
        if (_gatheredLines == 0) return;
        if (_lostLines > 0) _gathered.Insert(0, $"# {_lostLines.ToString(CultureInfo.InvariantCulture)} lines lost: the disk was slower than the attempts\n");
        if (_chunks.Writer.TryWrite(_gathered.ToString())) _lostLines = 0;
        else _lostLines += _gatheredLines;
        _gathered.Clear();
        _gatheredLines = 0;
    }

    /// <summary>Ends the writer when it has written all that <see cref="Flush"/> gave it. After the loop's last use.</summary>
    public async ValueTask DisposeAsync()
    {
        _chunks.Writer.TryComplete();
        await _writer.ConfigureAwait(false);
        if (_file is not null) await _file.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>A new file is for the owner and the group, as mail logs are: it says who writes to whom.</summary>
    private FileStream Open()
    {
        var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        return new FileStream(_path, options);
    }

    private async Task WriteChunksAsync()
    {
        var complained = false;
        await foreach (var chunk in _chunks.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                if (_file is null || _file.Length >= _maxFileBytes) Turn();
                await _file!.WriteAsync(Encoding.ASCII.GetBytes(chunk)).ConfigureAwait(false);
                complained = false;
            }
            catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
            {
                // Mail goes on without its log; once is enough to say so.
                if (!complained) _complain($"the attempt log {_path} cannot be written: {refused.Message}");
                complained = true;
            }
        }
    }

    private void Turn()
    {
        _file?.Dispose();
        _file = null;
        if (File.Exists(_path)) File.Move(_path, _path + ".1", overwrite: true);
        _file = Open();
    }
}
