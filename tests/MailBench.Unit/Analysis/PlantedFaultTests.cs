using MailBench.Model.Events;
using MailBench.Model.Records;
using Xunit;

namespace MailBench.Unit.Analysis;

/// <summary>The instrument itself: every planted fault is found by its own gate, and a healthy trial by none.</summary>
public sealed class PlantedFaultTests
{
    [Fact]
    public void A_healthy_trial_gives_its_known_rate_and_latency_and_trips_nothing()
    {
        var point = PlantedTrial.Healthy().Analyze();
        Assert.False(point.Void, string.Join("; ", point.VoidReasons));
        Assert.Empty(point.Flags);
        Assert.Equal(PlantedTrial.Rate * PlantedTrial.Recipients, point.DeliveredPerSecond!.Value, 1.0);
        Assert.Equal(PlantedTrial.Rate, point.OfferedPerSecond!.Value, 0.5);
        Assert.Equal(7.0, point.Latencies["delivery"].P50, 0.001);
        Assert.Equal(2.0, point.Latencies["response"].P99, 0.001);
        Assert.Equal(0.4, point.BusyForward!.Value, 0.001);
        Assert.True(point.Books.Close);
        Assert.Equal(point.Books.Accepted, point.Books.Delivered);
    }

    [Theory]
    [InlineData(null, 200, 0)]
    [InlineData("10%", 109, 0)]
    [InlineData("10%", 120, 1)]
    public void Memory_that_grows_is_flagged_where_the_profile_asks_for_it(string? gate, double endMiB, int flags)
    {
        var trial = PlantedTrial.Healthy();
        trial.MemoryMiB = (100, endMiB);
        if (gate is not null) trial.Settings["gates.memoryGrowth"] = gate;
        var point = trial.Analyze();
        Assert.Equal((100L << 20, (long)(endMiB * 1048576), 0L), (point.SutResidentBytesBegin, point.SutResidentBytesMax, point.QueueGrowthRecipients));
        Assert.Equal(flags, point.Flags.Count);
        Assert.All(point.Flags, flag => Assert.Equal("memory of the SUT grew by 20% over the window, from 100 to 120 MiB", flag));
    }

    [Theory]
    [InlineData(0.08, 0)]
    [InlineData(0.34, 1)]
    public void A_machine_that_was_somebody_elses_is_flagged(double share, int flags)
    {
        var trial = PlantedTrial.Healthy();
        trial.OthersShare = share;
        Assert.Equal(flags, trial.Analyze().Flags.Count(flag => flag == "other programs used 34% of the machine's CPU"));
    }

    [Theory]
    [InlineData(0, 0.04, 0)]
    [InlineData(0, 0.08, 1)]
    [InlineData(0.12, 0.02, 1)]
    [InlineData(0.5, 0.5, 0)]
    public void What_is_under_way_at_a_windows_edges_is_in_the_octets_of_a_delivery_and_flagged_where_it_is_much(double begin, double end, int flags)
    {
        var trial = PlantedTrial.Healthy();
        var delivered = trial.WireOctets * 0.8;
        trial.UnderWay = (begin * delivered, end * delivered);
        var point = trial.Analyze();
        Assert.Equal(end - begin, point.UnderWayShare!.Value, 1e-9);
        Assert.Equal(PlantedTrial.Healthy().Analyze().WireOctetsPerDelivery!.Value / (1 + end - begin), point.WireOctetsPerDelivery!.Value, 1e-6);
        Assert.Equal(flags, point.Flags.Count);
        Assert.All(point.Flags, flag => Assert.StartsWith("short window: messages that were under way at its edges make ", flag, StringComparison.Ordinal));
    }

    [Fact]
    public void How_much_sizes_vary_is_told_by_their_squares()
    {
        var trial = PlantedTrial.Healthy();
        Assert.Null(trial.Analyze().ContentVariation);
        // Nine of ten messages have 1,000 octets and one has 11,000: mean 2,000, deviation 3,000.
        trial.Contents = (10, 20_000, 9 * 1e6 + 121e6);
        Assert.Equal(1.5, trial.Analyze().ContentVariation!.Value, 1e-9);
    }

    [Fact]
    public void Where_nothing_was_delivered_the_reason_names_a_machine_that_was_somebody_elses()
    {
        var trial = PlantedTrial.Healthy();
        trial.OthersShare = 0.83;
        trial.Events.RemoveAll(e => e.Kind == EventKind.Booked);
        Assert.Contains("nothing was delivered in the window; other programs used 83% of the machine's CPU meanwhile", trial.Analyze().VoidReasons);
    }

    [Fact]
    public void A_lost_recipient_voids_the_point_and_withholds_its_rate()
    {
        var trial = PlantedTrial.Healthy();
        trial.Events.Remove(trial.Events.First(e => e.Kind == EventKind.Booked && e.Sequence == 700));
        var point = trial.Analyze();
        Assert.Equal(1, point.Books.Lost);
        Assert.True(point.Void);
        Assert.Null(point.DeliveredPerSecond);
        Assert.Contains(point.VoidReasons, reason => reason.Contains("do not close"));
    }

    [Theory]
    [InlineData(EventKind.Queued)]
    [InlineData(EventKind.Returned)]
    [InlineData(EventKind.Discarded)]
    public void A_recipient_that_is_accounted_for_is_not_lost(EventKind where)
    {
        var trial = PlantedTrial.Healthy();
        var booked = trial.Events.First(e => e.Kind == EventKind.Booked && e.Sequence == 700);
        trial.Events.Remove(booked);
        trial.Events.Add(booked with { Kind = where });
        Assert.True(trial.Analyze().Books.Close);
    }

    [Fact]
    public void A_message_whose_DSN_still_waits_in_the_queue_is_not_lost_and_only_that_message()
    {
        var trial = PlantedTrial.Healthy();
        trial.Events.RemoveAll(e => e.Kind == EventKind.Booked && e.Sequence == 700);
        trial.Events.Add(new EventRecord(EventKind.Queued, 700, -1, 5 * PlantedTrial.Second, 0, 0));
        var books = trial.Analyze().Books;
        Assert.Equal((0, PlantedTrial.Recipients, true), (books.Lost, books.StillQueued, books.Close));
        trial.Events.Remove(trial.Events.First(e => e.Kind == EventKind.Booked && e.Sequence == 701));
        Assert.Equal(1, trial.Analyze().Books.Lost);
    }

    [Fact]
    public void A_duplicate_is_flagged_and_is_no_delivery()
    {
        var trial = PlantedTrial.Healthy();
        var booked = trial.Events.First(e => e.Kind == EventKind.Booked && e.Sequence == 700);
        trial.Events.Add(booked with { TimeNs = booked.TimeNs + 1 });
        var point = trial.Analyze();
        Assert.Equal(1, point.Books.Duplicates);
        Assert.Contains("1 duplicates", point.Flags);
        Assert.Equal(PlantedTrial.Healthy().Analyze().DeliveredPerSecond, point.DeliveredPerSecond);
    }

    [Fact]
    public void A_delivery_that_nobody_accepted_voids()
    {
        var trial = PlantedTrial.Healthy();
        trial.Events.Add(new EventRecord(EventKind.Booked, 3_000, 0, 5 * PlantedTrial.Second, 0, 250));
        Assert.Equal(1, trial.Analyze().Books.Unexpected);
        Assert.True(trial.Analyze().Void);
    }

    [Fact]
    public void A_trend_is_flagged_unsteady()
    {
        // The gap grows by a third over the trial: the rate falls accordingly.
        var point = PlantedTrial.Healthy(i => PlantedTrial.Second / PlantedTrial.Rate + i * 1_000L).Analyze();
        Assert.Contains(point.Flags, flag => flag.StartsWith("unsteady", StringComparison.Ordinal));
        Assert.False(point.Void);
    }

    /// <summary>With what a real rate has of noise a trend of 3 % within the window is told, and none is told where there is none.</summary>
    [Theory]
    [InlineData(0.03, true)]
    [InlineData(0, false)]
    public void A_trend_of_three_percent_is_flagged_as_drift(double trend, bool flagged)
    {
        const int rate = 2_000;
        const double seconds = 10;
        var chance = new Random(3);
        // The window is 8 of the 10 seconds: a trend over it is 1.25 times as large over the trial.
        var point = PlantedTrial.Healthy(i => (long)(PlantedTrial.Second / (rate * (1 + trend * 1.25 * (0.5 - i / (rate * seconds)))) * (0.9 + 0.2 * chance.NextDouble()))).Analyze();
        Assert.False(point.Void, string.Join("; ", point.VoidReasons));
        Assert.Equal(flagged, point.Flags.Any(flag => flag.StartsWith("drifting", StringComparison.Ordinal)));
    }

    [Fact]
    public void One_lost_recipient_in_a_hundred_thousand_voids()
    {
        var trial = PlantedTrial.Healthy(_ => PlantedTrial.Second / 5_000);
        trial.CeilingMessagesPerSecond = 100_000;
        Assert.InRange(trial.Events.Count(e => e.Kind == EventKind.Booked), 99_000, 101_000);
        trial.Events.RemoveAt(trial.Events.FindIndex(e => e is { Kind: EventKind.Booked, Sequence: 31_415, Recipient: 1 }));
        var point = trial.Analyze();
        Assert.Equal((1L, true), (point.Books.Lost, point.Void));
        Assert.Contains("books do not close: 1 accepted recipients are neither delivered, failed with a DSN, discarded nor queued", point.VoidReasons);
    }

    [Fact]
    public void One_duplicate_in_a_hundred_is_flagged_with_its_number_and_adds_nothing_to_the_rate()
    {
        var trial = PlantedTrial.Healthy();
        var twice = trial.Events.Where(e => e is { Kind: EventKind.Booked, Recipient: 0 } && e.Sequence % 50 == 0).Select(e => e with { TimeNs = e.TimeNs + 1_000 }).ToList();
        trial.Events.AddRange(twice);
        var point = trial.Analyze();
        Assert.Equal(twice.Count, point.Books.Duplicates);
        Assert.Equal(0.01, point.Books.Duplicates / (double)point.Books.Delivered, 0.0005);
        Assert.Contains($"{twice.Count} duplicates", point.Flags);
        Assert.Equal(PlantedTrial.Healthy().Analyze().DeliveredPerSecond, point.DeliveredPerSecond);
    }

    [Fact]
    public void The_sources_own_lateness_voids_and_waiting_does_not()
    {
        var late = PlantedTrial.Healthy();
        Replace(late, EventKind.Offered, e => e with { ValueNs = 3_000_000 });
        Assert.Contains(late.Analyze().VoidReasons, reason => reason.Contains("source itself was late"));

        var waiting = PlantedTrial.Healthy();
        Replace(waiting, EventKind.Started, e => e with { ValueNs = 3_000_000 });
        Assert.False(waiting.Analyze().Void);
        Assert.Equal(3, waiting.Analyze().Latencies["waiting"].P50, 0.001);
    }

    [Fact]
    public void A_pause_shows_in_the_response_of_all_that_should_have_started_meanwhile()
    {
        // The system stands still from 4 s to 6 s: what was due then is accepted from 6 s on.
        var trial = PlantedTrial.Healthy();
        for (var i = 0; i < trial.Events.Count; i++)
        {
            var e = trial.Events[i];
            if (e.Kind is EventKind.Accepted or EventKind.Booked && e.TimeNs is > 4 * PlantedTrial.Second and < 6 * PlantedTrial.Second)
                trial.Events[i] = e with { TimeNs = 6 * PlantedTrial.Second + e.TimeNs % 1_000_000 };
        }

        var response = trial.Analyze().Latencies["response"];
        Assert.InRange(response.P99, 1_500, 2_000);
        Assert.Equal(2.0, response.P50, 0.1);
    }

    [Fact]
    public void Unfinished_messages_count_as_infinite_and_are_not_dropped()
    {
        var trial = PlantedTrial.Healthy();
        trial.Events.RemoveAll(e => e.Kind is EventKind.Booked && e.Sequence % 20 == 0);
        for (var i = 0L; i < 2_000; i += 20)
            for (var r = 0; r < PlantedTrial.Recipients; r++) trial.Events.Add(new EventRecord(EventKind.Queued, i, r, 12 * PlantedTrial.Second, 0, 450));
        trial.Events.RemoveAll(e => e.Kind == EventKind.Queued && e.Sequence >= trial.Events.Count(x => x.Kind == EventKind.Offered));
        var delivery = trial.Analyze().Latencies["delivery"];
        Assert.Equal(double.PositiveInfinity, delivery.P99);
        Assert.Equal(7.0, delivery.P50, 0.001);
    }

    [Fact]
    public void A_testbed_ceiling_below_one_and_a_half_times_the_result_voids()
    {
        var trial = PlantedTrial.Healthy();
        trial.CeilingMessagesPerSecond = 280;
        Assert.Contains(trial.Analyze().VoidReasons, reason => reason.Contains("testbed is too slow"));
    }

    [Fact]
    public void A_line_busier_than_it_can_be_voids()
    {
        var trial = PlantedTrial.Healthy();
        trial.WireOctets = 10_200_000;
        Assert.Contains(trial.Analyze().VoidReasons, reason => reason.Contains("busy forward"));
    }

    [Fact]
    public void A_line_that_got_no_processor_is_flagged()
    {
        var trial = PlantedTrial.Healthy();
        trial.LineLateNs = 0.06 * 8 * PlantedTrial.Second;
        Assert.Contains("the line was late: 6.0% of the window it waited for a processor itself", trial.Analyze().Flags.Select(f => f.Replace("6.0 %", "6.0%")));
    }

    [Fact]
    public void A_dead_role_is_named_with_its_reason()
    {
        var trial = PlantedTrial.Healthy();
        trial.Failure = new RoleFailure("sink", "exited with code 137", []);
        Assert.Contains("role sink failed: exited with code 137", trial.Analyze().VoidReasons);
    }

    [Fact]
    public void Uncertain_messages_have_a_column_of_their_own()
    {
        var trial = PlantedTrial.Healthy();
        trial.Events.RemoveAll(e => e.Kind == EventKind.Accepted && e.Sequence == 9);
        trial.Events.Add(new EventRecord(EventKind.Uncertain, 9, -1, PlantedTrial.Second, 0, 0));
        var books = trial.Analyze().Books;
        Assert.Equal((PlantedTrial.Recipients, PlantedTrial.Recipients, 0L), (books.Uncertain, books.UncertainArrived, books.Unexpected));
    }

    private static void Replace(PlantedTrial trial, EventKind kind, Func<EventRecord, EventRecord> change)
    {
        for (var i = 0; i < trial.Events.Count; i++)
            if (trial.Events[i].Kind == kind) trial.Events[i] = change(trial.Events[i]);
    }
}
