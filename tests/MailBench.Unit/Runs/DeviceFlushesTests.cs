using MailBench.Model.Nodes;
using MailBench.Runs.Disclosure;
using Xunit;

namespace MailBench.Unit.Runs;

public sealed class DeviceFlushesTests
{
    private static readonly string[] Lines =
    [
        "   7       0 loop0 1 0 2 3 0 0 0 0 0 0 3 0 0 0 0 0 0",
        " 254       0 vda 164275 8233 3003426 41327 277145 525366 12750368 505920 0 57140 574891 16656 75 666656 8711 26827 18931",
        " 254       1 vda1 100 8233 3003426 41327 277145 525366 12750368 505920 0 57140 574891 16656 75 666656 8711 0 0",
    ];

    [Fact]
    public void The_disks_own_line_tells_flushes_and_their_time() => Assert.Equal((26827, 18931e6), DeviceFlushes.Parse(Lines, "vda"));

    [Fact]
    public void A_disk_that_is_not_there_tells_nothing() => Assert.Null(DeviceFlushes.Parse(Lines, "vd"));

    [Fact]
    public void A_kernel_that_counts_no_flushes_tells_nothing() => Assert.Null(DeviceFlushes.Parse([" 8 0 sda 1 2 3 4 5 6 7 8 9 10 11"], "sda"));

    [Fact]
    public void Syncs_of_this_process_are_flushes_of_its_disk()
    {
        var folder = Directory.CreateTempSubdirectory("mailbench-flush-");
        try
        {
            var flushes = DeviceFlushes.Of(folder.FullName);
            var before = new Dictionary<string, double>();
            flushes.AddTo(before);
            Assert.SkipUnless(before.ContainsKey(CounterNames.DeviceFlushes) && StorageProbe.Read("test", folder.FullName, null).WriteCache == "write back", "no disk with a write cache is under the folder for temporary files");
            using (var file = File.OpenHandle(Path.Combine(folder.FullName, "f"), FileMode.Create, FileAccess.Write))
            {
                for (var i = 0; i < 20; i++)
                {
                    RandomAccess.Write(file, [1, 2, 3], i * 3);
                    RandomAccess.FlushToDisk(file);
                }
            }

            var after = new Dictionary<string, double>();
            flushes.AddTo(after);
            // Others' syncs may come on top, and some of these may have been joined with theirs.
            Assert.True(after[CounterNames.DeviceFlushes] - before[CounterNames.DeviceFlushes] >= 10, $"{after[CounterNames.DeviceFlushes] - before[CounterNames.DeviceFlushes]} flushes for 20 syncs");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
