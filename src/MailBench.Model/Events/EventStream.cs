using System.Text;
using System.Text.Json;

namespace MailBench.Model.Events;

/// <summary>The header of an event file: one line of JSON, padded to <see cref="EventStream.HeaderBytes"/>.</summary>
/// <param name="Role">The node that wrote it: source, sink, mta.</param>
/// <param name="Version">The format's version, <see cref="EventStream.Version"/>.</param>
public sealed record EventHeader(int Version, string Role, string Run, int Point, int Repetition, string Suffix);

/// <summary>Writes event records, buffered; not thread-safe (it belongs to its node's loop).</summary>
public sealed class EventWriter : IDisposable
{
    private readonly Stream _stream;
    private readonly byte[] _buffer = new byte[EventRecord.SizeBytes * 2048];
    private int _used;

    /// <summary>Takes ownership of <paramref name="stream"/> and writes the header at once.</summary>
    public EventWriter(Stream stream, EventHeader header)
    {
        _stream = stream;
        _stream.Write(EventStream.EncodeHeader(header));
    }

    /// <summary>
    /// Makes a role's event file of a trial, in place of one that is there. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> when it cannot be made.
    /// </summary>
    public static EventWriter Create(string path, string role, TrialId trial, string suffix)
    {
        var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        try
        {
            return new EventWriter(file, new EventHeader(EventStream.Version, role, trial.Run, trial.Point, trial.Repetition, suffix));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public long Count { get; private set; }

    public void Write(in EventRecord record)
    {
        if (_used == _buffer.Length) Flush();
        record.Write(_buffer.AsSpan(_used));
        _used += EventRecord.SizeBytes;
        Count++;
    }

    public void Flush()
    {
        _stream.Write(_buffer, 0, _used);
        _used = 0;
        _stream.Flush();
    }

    public void Dispose()
    {
        Flush();
        _stream.Dispose();
    }
}

/// <summary>The file format around the records: magic, version, header; a torn last record is ignored (the writer died).</summary>
public static class EventStream
{
    public const int Version = 1;
    public const int HeaderBytes = 256;

    private static readonly byte[] Magic = "MBEV"u8.ToArray();

    internal static byte[] EncodeHeader(EventHeader header)
    {
        var bytes = new byte[HeaderBytes];
        bytes.AsSpan().Fill((byte)' ');
        Magic.CopyTo(bytes, 0);
        var json = JsonSerializer.SerializeToUtf8Bytes(header);
        if (json.Length > HeaderBytes - 5) throw new ArgumentException($"Event header is {json.Length} octets; at most {HeaderBytes - 5} fit.", nameof(header));
        json.CopyTo(bytes, 4);
        bytes[^1] = (byte)'\n';
        return bytes;
    }

    /// <summary>Reads the header; throws <see cref="InvalidDataException"/> when this is no event file or one of a newer version.</summary>
    public static EventHeader ReadHeader(Stream stream)
    {
        var bytes = new byte[HeaderBytes];
        stream.ReadExactly(bytes);
        if (!bytes.AsSpan(0, 4).SequenceEqual(Magic)) throw new InvalidDataException("Not a MailBench event file: it does not start with MBEV.");
        var header = Decode(Encoding.UTF8.GetString(bytes, 4, HeaderBytes - 4).Trim()) ?? throw new InvalidDataException("The event file's header is empty.");
        if (header.Version != Version) throw new InvalidDataException($"The event file has version {header.Version}; this program reads version {Version}.");
        return header;
    }

    private static EventHeader? Decode(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<EventHeader>(json);
        }
        catch (JsonException malformed)
        {
            throw new InvalidDataException($"The event file's header is damaged: {malformed.Message}", malformed);
        }
    }

    /// <summary>Reads the records that follow the header, in the order they were written.</summary>
    public static IEnumerable<EventRecord> ReadRecords(Stream stream)
    {
        var buffer = new byte[EventRecord.SizeBytes * 4096];
        while (true)
        {
            var read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            for (var at = 0; at + EventRecord.SizeBytes <= read; at += EventRecord.SizeBytes)
                yield return EventRecord.Read(buffer.AsSpan(at, EventRecord.SizeBytes));
            if (read < buffer.Length) yield break;
        }
    }
}
