using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Engines;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using MailBench.Mta.Queue;
using MailBench.Mta.Queue.Disk;

namespace MailBench.Benchmarks;

/// <summary>
/// Durable enqueues of 4 KiB messages, so many outstanding, beside the disk's own ceiling: the same octets for the same number of messages in one write and one fdatasync, over a
/// file filled before. Both write below TMPDIR, so set it to the disk in question. Run:
/// <c>TMPDIR=/var/tmp dotnet run -c Release --project tests/MailBench.Benchmarks -- --filter '*QueueCommit*'</c>.
/// </summary>
[Config(typeof(InThisProcess))]
public class QueueCommitBenchmark
{
    private const int Messages = 8192, ContentBytes = 4096, RecordBytes = 4096 + 128;
    private const long RawBytes = 64L << 20;

    private readonly string _root = Directory.CreateTempSubdirectory("mailbench-benchmark-").FullName;
    private MessageQueue _queue = null!;
    private IDiskFile _raw = null!;
    private byte[] _group = null!;
    private long _rawOffset;
    private NewMessage _message;

    [Params(64, 256)]
    public int Outstanding { get; set; }

    [GlobalSetup]
    public void Open()
    {
        _queue = MessageQueue.Open([Path.Combine(_root, $"queue{Outstanding}")], TimeProvider.System);
        var content = new byte[ContentBytes];
        new Random(1).NextBytes(content);
        _message = new NewMessage { ReversePath = "sender@source.test"u8.ToArray(), Recipients = ["u1@d1.test"u8.ToArray()], Content = [content] };

        _group = new byte[Outstanding * RecordBytes / 4096 * 4096];
        new Random(2).NextBytes(_group);
        _raw = new RealDisk().Create(Path.Combine(_root, $"raw{Outstanding}"));
        for (long offset = 0; offset < RawBytes; offset += 1 << 20) _raw.Write(new byte[1 << 20], offset);
        _raw.SyncData();
    }

    [GlobalCleanup]
    public async Task CloseAsync()
    {
        await _queue.DisposeAsync();
        _raw.Dispose();
        Directory.Delete(_root, recursive: true);
        Directory.CreateDirectory(_root);
    }

    /// <summary>Time per message when each group is as large as what is outstanding.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Messages)]
    public void RawGroups()
    {
        for (var written = 0; written < Messages; written += Outstanding)
        {
            if (_rawOffset + _group.Length > RawBytes) _rawOffset = 0;
            _raw.Write(_group, _rawOffset);
            _raw.SyncData();
            _rawOffset += _group.Length;
        }
    }

    /// <summary>Time per message through the queue, its delivery recorded too, so that segments are written again as in an MTA that keeps up.</summary>
    [Benchmark(OperationsPerInvoke = Messages)]
    public void Enqueue()
    {
        using var free = new SemaphoreSlim(Outstanding);
        for (var i = 0; i < Messages; i++)
        {
            free.Wait();
            _queue.Enqueue(_message, (entry, error) =>
            {
                if (error is not null) throw error;
                entry!.Recipients[0].State = RecipientState.Delivered;
                _queue.Record(entry, 0);
                free.Release();
            });
        }

        for (var i = 0; i < Outstanding; i++) free.Wait();
    }

    private sealed class InThisProcess : ManualConfig
    {
        public InThisProcess() => AddJob(Job.Default
            .WithStrategy(RunStrategy.Monitoring).WithWarmupCount(2).WithIterationCount(6).WithInvocationCount(1).WithUnrollFactor(1)
            .WithToolchain(InProcessNoEmitToolchain.Instance));
    }
}
