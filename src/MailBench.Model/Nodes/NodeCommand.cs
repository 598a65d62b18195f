using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using MailBench.Model.Events;
using MailBench.Model.Options;

namespace MailBench.Model.Nodes;

/// <summary>
/// What the runner tells a node, a JSON object per line on its standard input, for example <c>{"cmd":"snapshot","id":7}</c>. Each is
/// answered by one <see cref="NodeReply"/> with the same id. End of input means that the runner died: the node ends.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "cmd")]
[JsonDerivedType(typeof(BeginTrialCommand), "begin")]
[JsonDerivedType(typeof(StartLoadCommand), "start-load")]
[JsonDerivedType(typeof(HaltLoadCommand), "halt-load")]
[JsonDerivedType(typeof(CreditsCommand), "credits")]
[JsonDerivedType(typeof(CapacityCommand), "capacity")]
[JsonDerivedType(typeof(UsersCommand), "users")]
[JsonDerivedType(typeof(SnapshotCommand), "snapshot")]
[JsonDerivedType(typeof(BooksCommand), "books")]
[JsonDerivedType(typeof(EndTrialCommand), "end")]
[JsonDerivedType(typeof(StallCommand), "stall")]
[JsonDerivedType(typeof(StopCommand), "stop")]
public abstract record NodeCommand
{
    public long Id { get; init; }
}

/// <summary>All roles: events of this trial go to <paramref name="EventsPath"/> (null: none are kept) from now on; counts of books start anew.</summary>
public sealed record BeginTrialCommand(TrialId Trial, string? EventsPath) : NodeCommand
{
    /// <summary>Source: where and what to send. Others ignore it.</summary>
    public SourceOptions? Source { get; init; }

    /// <summary>Users: where and how they poll. Others ignore it.</summary>
    public PollOptions? Poll { get; init; }

    /// <summary>Source and sink: CPU time that they waste in this trial, as a share of what they use (0.2: a fifth more). Others ignore it.</summary>
    public double Burden { get; init; }

    /// <summary>Sink: what it books is told as credits. Only the backlog model waits for them, and each notice wakes the runner, which shares the machine with all it measures. Others ignore it.</summary>
    public bool Credits { get; init; } = true;
}

/// <summary>Source: begin to offer (the workload was composed at begin).</summary>
public sealed record StartLoadCommand : NodeCommand;

/// <summary>Source: offer nothing new; the reply comes when all open transactions have ended (or the drain time-out has passed).</summary>
public sealed record HaltLoadCommand : NodeCommand;

/// <summary>Source, backlog model: so many recipients were booked at the sinks (or failed with DSN) since the last credits.</summary>
public sealed record CreditsCommand(long Recipients) : NodeCommand;

/// <summary>Users who poll: so many of them do from now on, the first so many; who no longer does still ends what is open or owed.</summary>
public sealed record UsersCommand(int Active) : NodeCommand;

/// <summary>Line: new capacity, from now on. 0 = unlimited.</summary>
public sealed record CapacityCommand(long ForwardBitsPerSecond, long ReverseBitsPerSecond) : NodeCommand;

/// <summary>All roles: the counters as of now; the host adds <c>monotonicNs</c>, <c>cpuNs</c>, <c>residentBytes</c>.</summary>
public sealed record SnapshotCommand : NodeCommand;

/// <summary>MTA: write an event (Queued, Discarded) for each recipient of the trial that is not finished to its event file; reply: <c>queued</c>, <c>discarded</c>.</summary>
public sealed record BooksCommand : NodeCommand;

/// <summary>All roles: the trial is over; event files are flushed and closed before the reply.</summary>
public sealed record EndTrialCommand : NodeCommand;

/// <summary>Sink, for testing the instrument: answer nothing for so long (a planted pause).</summary>
public sealed record StallCommand(long DurationNs) : NodeCommand;

/// <summary>All roles: end in order, as SIGTERM does.</summary>
public sealed record StopCommand : NodeCommand;

/// <summary>A node's answer: <c>{"reply":7,"ok":true,"data":{…}}</c>, or <c>ok:false</c> and an <c>error</c> sentence.</summary>
public sealed record NodeReply([property: JsonPropertyName("reply")] long Id, bool Ok, string? Error, JsonObject? Data);

/// <summary>What a node says unasked: <c>{"notice":"booked","recipients":120}</c> from a sink (credits), <c>{"notice":"load-done"}</c> from a source, <c>{"notice":"failed","reason":"…"}</c>.</summary>
public sealed record NodeNotice([property: JsonPropertyName("notice")] string Kind, long Recipients = 0, string? Reason = null);

/// <summary>The wire form of commands, replies and notices: one JSON object a line, camel case.</summary>
public static class ControlLine
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower), new EndPointConverter(), new NetworkConverter() },
    };

    public static string Encode(NodeCommand command) => JsonSerializer.Serialize(command, Json);

    public static string Encode(NodeReply reply) => JsonSerializer.Serialize(reply, Json);

    public static string Encode(NodeNotice notice) => JsonSerializer.Serialize(notice, Json);

    /// <summary>Throws <see cref="JsonException"/> when the line is no command.</summary>
    public static NodeCommand DecodeCommand(string line) =>
        JsonSerializer.Deserialize<NodeCommand>(line, Json) ?? throw new JsonException("The line holds no command.");

    private sealed class EndPointConverter : JsonConverter<IPEndPoint>
    {
        public override IPEndPoint Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            IPEndPoint.TryParse(reader.GetString() ?? "", out var endPoint) ? endPoint : throw new JsonException("Not an ADDRESS:PORT.");

        public override void Write(Utf8JsonWriter writer, IPEndPoint value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }

    private sealed class NetworkConverter : JsonConverter<IPNetwork>
    {
        public override IPNetwork Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            IPNetwork.TryParse(reader.GetString(), out var network) ? network : throw new JsonException("Not an ADDRESS/PREFIX.");

        public override void Write(Utf8JsonWriter writer, IPNetwork value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
