using System.Text;
using CsCheck;
using MailBench.Analysis;
using MailBench.Analysis.Books;
using MailBench.Analysis.Figures;
using MailBench.Model.Events;
using MailBench.Model.Records;
using Xunit;

namespace MailBench.Unit.Analysis;

/// <summary>A run folder is what somebody sends: whatever is in it, the analysis ends, in bounded memory, with figures or with a sentence.</summary>
public sealed class HostileFolderTests : IDisposable
{
    private readonly RunFolder _folder = new(Directory.CreateTempSubdirectory("mailbench-hostile-").FullName);

    public HostileFolderTests()
    {
        PlantedTrial.Healthy().WriteTo(_folder);
    }

    public void Dispose() => Directory.Delete(_folder.Root, recursive: true);

    [Fact]
    public void The_folder_itself_is_good() => Assert.False(Assert.Single(RunAnalysis.Analyze(_folder).Summary.Points).Void);

    [Fact]
    public void A_damaged_file_gives_figures_or_a_sentence_that_names_it()
    {
        var files = new[] { _folder.Header, _folder.Journal, _folder.EventsOf("source", 0, 0), _folder.EventsOf("sink", 0, 0) }.Select(file => (file, whole: File.ReadAllBytes(file))).ToArray();
        Gen.Select(Gen.Int[0, files.Length - 1], Gen.Double[0, 1], Gen.Int[0, 600].Select(n => n < 256 ? (byte)n : "09-\"} "u8[n % 6]).Array[1, 4], Gen.Bool).Sample(
            (which, place, octets, cut) =>
            {
                var (file, whole) = files[which];
                var damaged = (byte[])whole.Clone();
                var at = (int)(place * (damaged.Length - octets.Length));
                octets.CopyTo(damaged, at);
                File.WriteAllBytes(file, cut ? damaged[..at] : damaged);
                try
                {
                    RunAnalysis.Analyze(_folder);
                }
                catch (InvalidDataException refused)
                {
                    Assert.Contains(_folder.Root, refused.Message, StringComparison.Ordinal);
                }
                finally
                {
                    File.WriteAllBytes(file, whole);
                }
            }, iter: 150, threads: 1);
    }

    [Theory]
    [InlineData("\"points\":[{", "\"points\":[null,{")]
    [InlineData("\"settings\":{", "\"se\":{")]
    [InlineData("\"machine\":{", "\"machine\":null,\"m\":{")]
    [InlineData("\"mta.strategy\":\"per-mx-host\"", "\"mta.strategy\":null")]
    [InlineData("\"2026-11-24T00:00:00Z\"", "\"yesterday\"")]
    [InlineData("\"point\":0", "\"point\":1e99")]
    public void A_value_that_no_run_writes_is_refused(string written, string instead)
    {
        var header = File.ReadAllText(_folder.Header);
        Assert.Contains(written, header, StringComparison.Ordinal);
        File.WriteAllText(_folder.Header, header.Replace(written, instead, StringComparison.Ordinal));
        Assert.Contains(_folder.Header, Assert.Throws<InvalidDataException>(() => RunAnalysis.Analyze(_folder)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dns.perDomain", "0")]
    [InlineData("dns.perDomain", "-1")]
    [InlineData("dns.mx", "0")]
    [InlineData("dns.mx", "-5")]
    [InlineData("dns.mx", "2147483647")]
    [InlineData("dns.domains", "0")]
    [InlineData("dns.domains", "2147483647")]
    [InlineData("workload.recipients", "0")]
    [InlineData("workload.recipients", "-2147483648")]
    [InlineData("workload.recipients", "2147483647")]
    [InlineData("mta.recipientsPerTransaction", "0")]
    [InlineData("mta.recipientsPerTransaction", "-2147483648")]
    public async Task Settings_that_no_profile_can_have_do_not_hang_it(string path, string value)
    {
        var trial = PlantedTrial.Healthy();
        trial.Settings[path] = value;
        await Task.Run(trial.Analyze).WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public void High_indexes_cost_no_more_than_low_ones()
    {
        var books = new TrialBooks();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++) books.Add(new EventRecord(EventKind.Booked, i, int.MaxValue - i, 1, 0, 250));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000 * 400);
        Assert.Equal(10_000, books.DeliveryTimes().Length);
    }

    [Fact]
    public void Recipients_are_found_in_whatever_order_they_came() => Gen.Int[0, 500].Array[0, 300].Sample(indexes =>
    {
        var book = new MessageBook();
        var seen = new Dictionary<int, long>();
        for (var i = 0; i < indexes.Length; i++)
        {
            Assert.Equal(seen.TryAdd(indexes[i], 1000 - i), book.Book(indexes[i], 1000 - i));
            seen[indexes[i]] = Math.Min(seen[indexes[i]], 1000 - i);
        }

        Assert.Equal(seen.OrderBy(pair => pair.Key).Select(pair => pair.Value), book.BookedNs.ToArray());
        for (var index = 0; index <= 500; index++) Assert.Equal(seen.ContainsKey(index), book.Seen(index) == RecipientSeen.Booked);
    });

    [Fact]
    public void More_recipients_than_memory_holds_are_refused()
    {
        var books = new TrialBooks();
        Assert.Throws<InvalidDataException>(() => books.Add(new EventRecord(EventKind.Started, 0, int.MaxValue, 1, 0, 0)));
        Assert.Throws<InvalidDataException>(() =>
        {
            for (var i = 0; i < 1_000; i++) books.Add(new EventRecord(EventKind.Started, i, 100_000, 1, 0, 0));
        });
    }
}
