using MailBench.Model.Events;
using MailBench.Model.Options;
using MailBench.Model.Units;
using Xunit;

namespace MailBench.Unit;

public sealed class UnitsTests
{
    [Theory]
    [InlineData("4KiB", 4096)]
    [InlineData("512B", 512)]
    [InlineData("10kB", 10_000)]
    [InlineData("2MiB", 2 << 20)]
    [InlineData("77", 77)]
    public void Reads_sizes(string text, long bytes) => Assert.Equal(bytes, ByteSize.Parse(text).Bytes);

    [Theory]
    [InlineData("1.5Mbit/s", 1_500_000)]
    [InlineData("100Mbit/s", 100_000_000)]
    [InlineData("64kbit/s", 64_000)]
    [InlineData("unlimited", 0)]
    public void Reads_and_writes_line_capacities(string text, long bits)
    {
        Assert.Equal(bits, BitRate.Parse(text).BitsPerSecond);
        Assert.Equal(text, BitRate.Parse(text).ToString());
    }

    [Theory]
    [InlineData("-4KiB")]
    [InlineData("4 kilo")]
    [InlineData("")]
    [InlineData("NaNKiB")]
    [InlineData("99999999999999999999GiB")]
    public void Refuses_what_is_no_size(string text) => Assert.Throws<FormatException>(() => ByteSize.Parse(text));

    [Theory]
    [InlineData("5m", 300_000)]
    [InlineData("250ms", 250)]
    [InlineData("1.5s", 1500)]
    public void Reads_durations(string text, int milliseconds) => Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Duration.Parse(text));

    [Fact]
    public void Writes_durations_in_the_largest_exact_unit()
    {
        Assert.Equal("90s", Duration.Format(TimeSpan.FromSeconds(90)));
        Assert.Equal("2h", Duration.Format(TimeSpan.FromHours(2)));
        Assert.Equal("0s", Duration.Format(TimeSpan.Zero));
    }

    [Fact]
    public void Names_strategies_as_profiles_do()
    {
        Assert.Equal("per-mx-host", Kebab.Format(DeliveryStrategy.PerMxHost));
        Assert.Equal(DeliveryStrategy.PerRecipient, Kebab.Parse<DeliveryStrategy>("per-recipient"));
    }

    [Fact]
    public void Finds_the_sequence_in_a_reverse_path_of_its_own_trial_only()
    {
        var trial = new TrialId("ab12", 3, 0);
        var path = System.Text.Encoding.ASCII.GetBytes(VerpAddress.Format(trial, 1042, "test"));
        Assert.Equal("ab12.3-0.1042@source.test", System.Text.Encoding.ASCII.GetString(path));
        Assert.True(VerpAddress.TryParseSequence(path, trial, out var sequence));
        Assert.Equal(1042, sequence);
        Assert.False(VerpAddress.TryParseSequence(path, trial with { Repetition = 1 }, out _));
        Assert.False(VerpAddress.TryParseSequence("ab12.3-0.x@source.test"u8, trial, out _));
        Assert.True(RecipientAddress.TryParseIndex("u17@d3.test"u8, out var index));
        Assert.Equal(17, index);
        Assert.False(RecipientAddress.TryParseIndex("postmaster@d3.test"u8, out _));
    }

    [Fact]
    public void Event_records_survive_their_file()
    {
        var file = new MemoryStream();
        var record = new EventRecord(EventKind.Booked, 12, 3, 1_000_000_007, -5, 250);
        using (var writer = new EventWriter(file, new EventHeader(EventStream.Version, "sink", "ab12", 1, 0, "test"))) writer.Write(record);
        var reread = new MemoryStream([.. file.ToArray(), 1, 2, 3]);
        Assert.Equal("sink", EventStream.ReadHeader(reread).Role);
        Assert.Equal(record, Assert.Single(EventStream.ReadRecords(reread)));
    }
}
