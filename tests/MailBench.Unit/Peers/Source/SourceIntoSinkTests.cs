using System.Net;
using System.Text.Json.Nodes;
using MailBench.Analysis.Books;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Records;
using MailBench.Peers.Sink;
using Xunit;
using static MailBench.Unit.Peers.Source.SourceTrialFixture;

namespace MailBench.Unit.Peers.Source;

/// <summary>Source straight into sink, and the books of both folded together as a report does.</summary>
public sealed class SourceIntoSinkTests
{
    [Fact]
    public async Task The_books_of_both_ends_close()
    {
        await using var pair = await Pair.StartAsync();
        await pair.BeginAsync(Open(500, 200), Small with { Recipients = 5 });
        await pair.Source.LoadDoneAsync();
        var (counts, books) = await pair.EndAsync();
        Assert.Equal(200, (long)counts["accepted"]!);
        Assert.True(books.Close);
        Assert.Equal((1000, 1000, 1000, 0), (books.Offered, books.Accepted, books.Delivered, books.Lost));
    }

    [Fact]
    public async Task Recipients_that_the_sink_refuses_are_refused_in_both_books()
    {
        await using var pair = await Pair.StartAsync(new RefusalRule(RefusalPhase.Rcpt, 450, "4.2.0", 1, "u3@*"), new RefusalRule(RefusalPhase.End, 452, null, 0.2, null));
        await pair.BeginAsync(Closed(4, 100), Small with { Recipients = 5 });
        await pair.Source.LoadDoneAsync();
        var (counts, books) = await pair.EndAsync();
        Assert.Equal(100, (long)counts["offered"]!);
        Assert.InRange((long)counts["refused"]!, 5, 40);
        Assert.True(books.Close);
        Assert.Equal(500, books.Accepted + books.Refused);
        Assert.Equal((long)counts["acceptedRecipients"]!, books.Delivered);
        Assert.Equal(100 + 4 * (long)counts["refused"]!, books.Refused);
    }

    [Fact]
    public async Task A_backlog_runs_on_the_bookings_of_the_sink()
    {
        await using var pair = await Pair.StartAsync();
        await pair.BeginAsync(new LoadOptions { Model = LoadModel.Backlog, BacklogRecipients = 60, Sessions = 4, Count = 300 }, Small with { Recipients = 10 });
        await pair.Source.LoadDoneAsync();
        var (counts, books) = await pair.EndAsync();
        Assert.Equal(300, (long)counts["accepted"]!);
        Assert.True(books.Close);
        Assert.Equal(3000, books.Delivered);
    }

    [Fact]
    public async Task A_stalled_sink_shows_in_the_response_and_nothing_is_lost()
    {
        await using var pair = await Pair.StartAsync();
        await pair.BeginAsync(Open(500, 400, sessions: 4), Small);
        await pair.Source.UntilAsync(c => c[CounterNames.Accepted] >= 50);
        await pair.Sink.HandleAsync(new StallCommand(300_000_000), default);
        await pair.Source.LoadDoneAsync();
        var (counts, books) = await pair.EndAsync();
        Assert.Equal(400, (long)counts["offered"]!);
        Assert.Equal(400, (long)counts["accepted"]!);
        Assert.True(books.Close);
        Assert.True((double)counts["responseMs"]!["max"]! >= 280);
        Assert.True((double)counts["serviceMs"]!["endOfData"]!["p50"]! < 150);
    }

    /// <summary>Both nodes in this process; the sink's bookings become the source's credits, as the runner does it.</summary>
    private sealed class Pair : IAsyncDisposable
    {
        private readonly string _sinkEvents = Path.GetTempFileName();
        private readonly IPEndPoint _sinkEndPoint;

        private Pair(SinkNode sink, IPEndPoint sinkEndPoint, SourceTrialFixture source)
        {
            Sink = sink;
            _sinkEndPoint = sinkEndPoint;
            Source = source;
            sink.Notify = notice => _ = notice.Kind == "booked" ? source.CommandAsync(new CreditsCommand(notice.Recipients)) : Task.CompletedTask;
        }

        public SinkNode Sink { get; }
        public SourceTrialFixture Source { get; }

        public static async Task<Pair> StartAsync(params RefusalRule[] refuse)
        {
            var sink = new SinkNode(new SinkOptions { Listen = [new IPEndPoint(IPAddress.Loopback, 0)], Refuse = refuse });
            var ready = await sink.StartAsync(CancellationToken.None);
            return new Pair(sink, ready[0].EndPoint, await SourceTrialFixture.StartAsync());
        }

        public async Task BeginAsync(LoadOptions load, WorkloadOptions workload)
        {
            await Sink.HandleAsync(new BeginTrialCommand(new TrialId("t", 1, 0), _sinkEvents), default);
            await Source.BeginAsync(_sinkEndPoint, load, workload);
        }

        public async Task<(JsonObject Counts, BooksSummary Books)> EndAsync()
        {
            var (counts, events) = await Source.EndAsync();
            await Sink.HandleAsync(new EndTrialCommand(), default);
            var books = new TrialBooks();
            foreach (var e in events) books.Add(e);
            await using var file = File.OpenRead(_sinkEvents);
            EventStream.ReadHeader(file);
            foreach (var e in EventStream.ReadRecords(file)) books.Add(e);
            return (counts, books.Close(countedNotBooked: false));
        }

        public async ValueTask DisposeAsync()
        {
            await Source.DisposeAsync();
            await Sink.DisposeAsync();
            File.Delete(_sinkEvents);
        }
    }
}
